package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"statgate/scripts/internal/progress"
	"statgate/scripts/internal/tenant"
	"statgate/shared/platform/deployment"
	"statgate/shared/sources/importer"
)

// run assembles the deployment, fills it, listens, and serves until ctx ends.
func run(ctx context.Context, o options, out, log io.Writer) error {
	if err := free(o.addr); err != nil {
		return err
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	lines := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level}))
	e, err := open(ctx, o, time.Now, lines)
	if err != nil {
		return err
	}
	defer e.close()
	d, err := deployment.New(deployment.Options{
		Contract: o.contract, Environment: o.environment, Keys: e.keys, Stats: e.stats, Peppers: e.peppers,
		Clock: time.Now, Rand: rand.Reader, Log: lines, Follow: e.follow, PrivateWebhooks: true,
	})
	if err != nil {
		return err
	}
	if err := fill(ctx, o, e, log); err != nil {
		return err
	}
	demo, err := prepare(ctx, o, d)
	if err != nil {
		return err
	}
	stop := beside(ctx, d, lines)
	defer stop()
	return serve(ctx, o, d, demo, out)
}

// beside does what a deployment does beside its calls, until it is stopped. The API
// goes on where that fails.
func beside(ctx context.Context, d *deployment.Deployment, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.Run(ctx); err != nil {
			log.Error("webhooks are sent nothing", "cause", err)
		}
	}()
	return func() { cancel(); <-ended }
}

// free tells early that an address is taken, before anything is imported.
func free(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", addr, unwrapped(err))
	}
	return l.Close()
}

// unwrapped drops the "listen tcp 127.0.0.1:8080: bind:" before what is wrong.
func unwrapped(err error) error {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err
	}
	return err
}

// fill imports what was asked for and the simulated league. Bad rows are named
// and the rest is served.
func fill(ctx context.Context, o options, e *engine, log io.Writer) error {
	if !o.empty {
		if err := tenant.Fill(ctx, e.stats, time.Now); err != nil {
			return err
		}
	}
	if o.imports.Empty() {
		return nil
	}
	if progress.IsTerminal(log) {
		o.imports.Progress = progress.Bar(log, "matches")
	}
	report, err := importer.Run(ctx, e.stats, time.Now, o.imports)
	for _, p := range report.Problems {
		fmt.Fprintln(log, "import:", p)
	}
	for _, a := range report.Ambiguous {
		fmt.Fprintln(log, "import: ambiguous:", a)
	}
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	return nil
}

// serve listens, tells what there is, and ends cleanly when ctx does.
func serve(ctx context.Context, o options, d *deployment.Deployment, demo *demo, out io.Writer) error {
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", o.addr, unwrapped(err))
	}
	server := &http.Server{Handler: d.Gateway, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	root := "http://" + reachable(listener.Addr().String())
	demo.Base = root + o.contract.Base
	if o.credentials != "" {
		if err := demo.Write(o.credentials); err != nil {
			server.Close()
			return fmt.Errorf("-credentials: %w", err)
		}
	}
	if lacking(o) {
		if err := demo.play(ctx, o.contract, time.Now()); err != nil {
			server.Close()
			return fmt.Errorf("filling the demo organisation: %w", err)
		}
	}
	demo.announce(out, root, o)
	select {
	case err := <-done:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}

// reachable makes an address of all interfaces one that a client can call.
func reachable(addr string) string {
	for _, all := range []string{"[::]:", "0.0.0.0:"} {
		if strings.HasPrefix(addr, all) {
			return "127.0.0.1:" + strings.TrimPrefix(addr, all)
		}
	}
	return addr
}
