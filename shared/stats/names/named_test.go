package names_test

import (
	"slices"
	"testing"

	"statgate/shared/stats/names"
)

func TestExactNamesAreToldFromSimilarOnes(t *testing.T) {
	t.Parallel()
	list := []names.Object[string]{
		{Value: "real-madrid-b", Names: []string{"Real Madrid B"}},
		{Value: "real-madrid", Names: []string{"real-madrid", "Real Madrid CF", "Real Madrid"}},
		{Value: "atletico", Names: []string{"Atlético Madrid"}},
	}
	for q, want := range map[string][2][]string{
		"réal madrid":     {{"real-madrid"}, {"real-madrid-b"}},
		"madrid":          {{}, {"real-madrid", "real-madrid-b", "atletico"}},
		"ATLETICO MADRID": {{"atletico"}, {}},
		"barcelona":       {{}, {}}, "": {{}, {}}, "--": {{}, {}},
	} {
		exact, similar := names.Named(q, list, 10)
		if !slices.Equal(exact, want[0]) || !slices.Equal(similar, want[1]) {
			t.Errorf("%q: got %v and %v, want %v", q, exact, similar, want)
		}
	}
	if exact, similar := names.Named("real madrid", list, 0); len(exact)+len(similar) > 0 {
		t.Errorf("more than the limit: %v, %v", exact, similar)
	}
}
