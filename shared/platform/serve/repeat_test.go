package serve_test

import (
	"bytes"
	"strings"
	"testing"
)

func TestTwoDifferentIdempotencyKeysAreRefused(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]int{"a": 200, "a a": 200, "a b": 400, "a a b": 400} {
		var log bytes.Buffer
		called := 0
		fn, _ := function(t, &log, func() (string, error) { called++; return "a", nil })
		ev := event()
		lines := strings.Fields(sent)
		ev.Headers["Idempotency-Key"] = lines[len(lines)-1] // API Gateway's choice
		ev.MultiValueHeaders = map[string][]string{"idempotency-key": lines}
		r, err := fn.Handle(t.Context(), ev)
		if err != nil || r.StatusCode != want || (called == 1) != (want == 200) {
			t.Errorf("%s: got %d (%v), %d calls, want %d", sent, r.StatusCode, err, called, want)
		}
		if want == 400 && !strings.Contains(r.Body, "Idempotency-Key: must be given only once") {
			t.Errorf("%s: got %s, want the header named", sent, r.Body)
		}
	}
}
