package dev

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

	"statgate/functions/mcp"
	"statgate/scripts/internal/tenant"
	"statgate/scripts/statgate/internal/progress"
	"statgate/shared/platform/deployment"
	"statgate/shared/sources/importer"
	"statgate/shared/table/storeclock"
)

// run assembles the deployment, stores its data, and serves until ctx ends.
func run(ctx context.Context, o options, out, log io.Writer) error {
	at, err := checkFree(o.addr)
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	lines := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level}))
	clock := storeclock.New(time.Now)
	e, err := open(ctx, o, clock, lines)
	if err != nil {
		return err
	}
	defer e.close()
	people, err := o.provider.open(clock.Now)
	if err != nil {
		return err
	}
	d, err := deployment.New(deployment.Options{
		Contract: o.contract, Environment: o.environment, Keys: e.keys, Stats: e.stats, Peppers: e.peppers,
		Clock: clock.Now, Confirmed: e.confirmed, Rand: rand.Reader, Log: lines, Follow: e.follow, PrivateWebhooks: true,
		MCPOrigins: mcp.Origins{Loopback: at.IP.IsLoopback()}, Console: os.DirFS(o.console), OpenID: people,
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
	stop := runWorkers(ctx, d, lines)
	defer stop()
	return serve(ctx, o, d, demo, out)
}

// runWorkers runs the deployment's background workers, which deliver to webhooks, until
// stop is called. The API keeps serving where they fail.
func runWorkers(ctx context.Context, d *deployment.Deployment, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := d.Run(ctx); err != nil {
			log.Error("delivery to webhooks has stopped", "cause", err)
		}
	}()
	return func() { cancel(); <-done }
}

// checkFree returns the address to listen on, and fails where it is in use. It does so before
// the import, which may take long.
func checkFree(addr string) (*net.TCPAddr, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %s: %w", addr, systemError(err))
	}
	at, _ := l.Addr().(*net.TCPAddr) // of a TCP listener, it always is one
	return at, l.Close()
}

// systemError drops the prefix "listen tcp 127.0.0.1:8080: bind:" of an error, and the
// address of the name server.
func systemError(err error) error {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return errors.New(name.Err)
	}
	return err
}

// fill stores the simulated league and imports the files that the options name. It logs
// bad rows and imports the others.
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

// timeouts bound how long a client may hold a connection.
type timeouts struct{ header, request, response, idle time.Duration }

// slowest are the timeouts of the development server. The response timeout includes the
// request's, and the 29 s that API Gateway gives a function.
var slowest = timeouts{header: 10 * time.Second, request: 30 * time.Second, response: time.Minute, idle: 2 * time.Minute}

func newServer(h http.Handler, t timeouts) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: t.header, ReadTimeout: t.request, WriteTimeout: t.response, IdleTimeout: t.idle}
}

// serve listens, prints the keys, and shuts down when ctx ends.
func serve(ctx context.Context, o options, d *deployment.Deployment, demo *demo, out io.Writer) error {
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", o.addr, systemError(err))
	}
	server := newServer(d.Gateway, slowest)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	root := "http://" + reachable(listener.Addr().String())
	demo.Base = root + o.contract.Base
	if o.credentials != "" {
		if err := demo.Write(o.credentials); err != nil {
			server.Close()
			return fmt.Errorf("--credentials: %w", err)
		}
	}
	if needsOwnMatches(o) {
		if err := demo.createMatches(ctx, o.contract, time.Now()); err != nil {
			server.Close()
			return fmt.Errorf("creating matches of the demo organisation: %w", err)
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

// reachable replaces the address of all interfaces by one that a client can call.
func reachable(addr string) string {
	for _, all := range []string{"[::]:", "0.0.0.0:"} {
		if strings.HasPrefix(addr, all) {
			return "127.0.0.1:" + strings.TrimPrefix(addr, all)
		}
	}
	return addr
}
