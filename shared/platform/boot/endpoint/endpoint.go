// Package endpoint starts the Lambda functions that serve routes.
package endpoint

import (
	"context"
	"crypto/rand"

	"statgate/shared/api"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/serve"
	"statgate/shared/platform/settings"
)

// Start serves the handlers behind the gate. It never returns.
func Start(f *boot.Function, handlers []api.Handler) {
	cursors := settings.CursorKey(f.Keys(), rand.Reader)
	// Reading the cursor key opens the connection that the gate's write will use.
	f.Warm(func(ctx context.Context) error { _, err := cursors(ctx); return err })
	start(f, serve.Options{Handlers: handlers, Gate: f.Gate(), CursorKey: cursors})
}

// Open serves the handlers of open routes, which need no gate. It never returns.
func Open(f *boot.Function, handlers []api.Handler) {
	start(f, serve.Options{Handlers: handlers})
}

func start(f *boot.Function, o serve.Options) {
	o.Contract, o.Edge, o.StagePath = f.Contract, f.Edge, f.StagePath
	o.Clock, o.Log, o.Metrics = f.Clock, f.Log, f.Metrics
	function, err := serve.New(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Start(function.Handle)
}
