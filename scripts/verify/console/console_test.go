package console

import (
	"context"
	"fmt"
	"os"
	"testing"

	"statgate/shared/api/preset"
)

// shared is the rig of all tests.
var shared *rig

func TestMain(m *testing.M) {
	var err error
	if shared, err = newRig(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "console:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "console:", err)
		code = max(code, 1)
	}
	if p := shared.pictures; p != nil {
		fmt.Printf("console: %d pictures in %s\n", len(p.taken), p.folder)
	}
	os.Exit(code)
}

// visit returns a new visitor with a window of a desk.
func visit(t testing.TB) *visitor {
	t.Helper()
	b, err := shared.started()
	if err != nil {
		t.Fatal(err)
	}
	return open(t, b, options{})
}

// contracts returns the contracts on which the tests run every story.
func contracts() []string {
	if shared.everything {
		return preset.Names()
	}
	return []string{"statgate"}
}
