package console

import (
	"context"
	"os"
	"sync"
)

// rig is what all tests share.
type rig struct {
	everything bool      // whether make console-test runs the tests
	pictures   *pictures // nil takes none

	started func() (*browser, error)
	running *browser // once it was started
}

// newRig returns a rig whose browser starts with its first visitor. Pictures are taken where
// everything is tested.
func newRig(ctx context.Context) (*rig, error) {
	r := &rig{everything: os.Getenv("STATGATE_CONSOLE") == "all"}
	r.started = sync.OnceValues(func() (*browser, error) {
		b, err := start(ctx)
		r.running = b
		return b, err
	})
	if !r.everything && os.Getenv("STATGATE_PICTURES") == "" {
		return r, nil
	}
	var err error
	r.pictures, err = newPictures()
	return r, err
}

// stop ends the browser, if it was started.
func (r *rig) stop() error {
	if r.running == nil {
		return nil
	}
	return r.running.stop()
}
