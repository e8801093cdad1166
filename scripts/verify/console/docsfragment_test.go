package console

import "testing"

// A visitor reports each exception of a page as a defect at the test's end.
func TestAMalformedFragmentStopsNoScriptOfTheReference(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	v := visit(t)
	if status, _ := v.goes(s.URL + "/api-docs#%"); status != 200 {
		t.Fatalf("got %d, want 200", status)
	}
}
