package console

import "testing"

func TestTheReferenceBreaksNoRuleOfAccessibility(t *testing.T) {
	t.Parallel()
	for _, name := range contracts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := deploy(t, name)
			v := visit(t)
			if status, _ := v.goes(s.URL + "/api-docs"); status != 200 {
				t.Fatalf("got %d, want 200", status)
			}
			shared.look(v.tab, name+" docs")
		})
	}
}
