package functions_test

import (
	"testing"

	"statgate/functions"
	"statgate/shared/api/bind"
)

func TestEveryStringOfEveryInputHasARuleOfItsText(t *testing.T) {
	t.Parallel()
	for _, h := range functions.All(functions.Deps{}) {
		if h.Protocol != nil {
			continue // it reads its messages itself; Input only documents them
		}
		for _, name := range bind.Unruled(h.Input) {
			t.Errorf("%s: %s: add a tag text (line, lines or id), enum, pattern or format", h.Operation, name)
		}
	}
}
