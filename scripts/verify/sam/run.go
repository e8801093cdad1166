package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

const (
	// apiPatience is for SAM, which builds its image and starts a container for
	// every function before it listens.
	apiPatience = 5 * time.Minute
	apiEnd      = 10 * time.Second
)

// local is everything that SAM needs, started by this process and ended with it.
type local struct {
	contract *contract.Contract
	dir      string
	store    *store
	venv     string // of SAM CLI
	template template
	ends     []func()
}

// prepare starts a Docker engine where none answers, makes the image where there is
// none, starts and fills the store and synthesises the template. What it has
// started is to be ended by close, also where it fails.
func prepare(ctx context.Context, o options) (*local, error) {
	l := &local{dir: filepath.Join(o.state, o.contract)}
	var err error
	if l.contract, err = preset.Load(o.contract); err != nil {
		return l, err
	}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return l, fmt.Errorf("-state: %w", err)
	}
	end, err := startEngine(ctx, l.dir, o.log)
	if err != nil {
		return l, err
	}
	l.ends = append(l.ends, end)
	side, within := errgroup.WithContext(ctx)
	side.Go(func() error {
		_, err := script(within, os.Environ(), "sam/image.sh", hostArch())
		return err
	})
	side.Go(func() (err error) {
		l.venv, err = script(within, os.Environ(), "sam/install.sh")
		return err
	})
	side.Go(func() (err error) {
		l.template, err = synth(within, l.dir, o.contract, o.command == "e2e")
		return err
	})
	side.Go(func() (err error) {
		l.store, err = startStore(within, l.dir, l.contract)
		return err
	})
	err = side.Wait()
	if l.store != nil {
		l.ends = append(l.ends, func() { l.store.end(storeEnd) })
	}
	if err != nil {
		return l, err
	}
	return l, l.store.variables(l.variables())
}

func (l *local) variables() string   { return filepath.Join(l.dir, "variables.json") }
func (l *local) credentials() string { return filepath.Join(l.dir, "credentials.json") }

// close ends what was started, last things first.
func (l *local) close() {
	for i := len(l.ends) - 1; i >= 0; i-- {
		l.ends[i]()
	}
}

// arguments are those of a command of sam local, with what every one is told.
func (l *local) arguments(command string, more ...string) []string {
	return append([]string{"local", command, "--template", l.template.file, "--env-vars", l.variables(),
		"--skip-pull-image", "--add-host", "host.docker.internal:host-gateway"}, more...)
}

// removeContainers removes what SAM leaves behind, which is some containers, or all
// where it was killed.
func (l *local) removeContainers() {
	within, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = removeContainers(within, filepath.Join(l.dir, "cdk.out")) // an engine that is gone has none
}

// environment is this process's, with nobody's account: SAM hands the credentials
// of its own to the functions, and the store takes any.
func environment() []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "SAM_CLI_") {
			kept = append(kept, v)
		}
	}
	return append(kept, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "SAM_CLI_TELEMETRY=0")
}

// serve starts SAM's API on 127.0.0.1 and waits until it answers.
func (l *local) serve(ctx context.Context, port int) (*process, error) {
	if port == 0 {
		var err error
		if port, err = freePort("127.0.0.1"); err != nil {
			return nil, err
		}
	}
	root := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	args := l.arguments("start-api", "--warm-containers", "EAGER", "--host", "127.0.0.1", "--port", strconv.Itoa(port))
	p, err := begin(l.dir, "sam/run.sh", environment(), append([]string{l.venv}, args...)...)
	if err != nil {
		return nil, err
	}
	l.ends = append(l.ends, func() {
		p.end(apiEnd)
		l.removeContainers()
	})
	if err := p.await(ctx, apiPatience, func(ctx context.Context) bool { return answers(ctx, root+"/health") }); err != nil {
		return nil, err
	}
	l.store.demo.Base = root + l.contract.Base
	return p, l.store.demo.Write(l.credentials())
}

// start serves the API until it is told to end.
func (l *local) start(ctx context.Context, port int, out io.Writer) error {
	p, err := l.serve(ctx, port)
	if err != nil {
		return err
	}
	d := l.store.demo
	fmt.Fprintf(out, `SAM serves the contract %s in containers.

  Base URL    %s
  Client key  %s
  Admin key   %s
  All keys    %s
  Log         %s

  curl -s -H 'Authorization: Bearer %s' %s/keys/self

Ctrl-C ends it, and its containers and data.
`, l.contract.Name, d.Base, d.Client, d.Admin, l.credentials(), p.log, d.Client, d.Base)
	select {
	case <-ctx.Done():
		return nil
	case <-p.ended:
		return errors.New("SAM ended and said:\n" + p.said())
	}
}
