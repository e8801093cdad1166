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

	"statgate/scripts/verify/internal/rig"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

const (
	// apiStartTimeout allows for SAM to build its image and to start a container for
	// every function before it listens.
	apiStartTimeout = 5 * time.Minute
	apiStopTimeout  = 10 * time.Second
)

// local is everything that SAM needs. This process starts it, and it ends with it.
type local struct {
	contract *contract.Contract
	dir      string
	store    *store
	venv     string // SAM CLI's virtual environment
	template template
	cleanups []func()
}

// prepare starts a Docker engine where none answers and builds the image where it is
// missing. It installs SAM CLI, synthesises the template, and starts and fills the
// store. The caller must call close, also after an error.
func prepare(ctx context.Context, o options) (*local, error) {
	l := &local{dir: filepath.Join(o.state, o.contract)}
	var err error
	if l.contract, err = preset.Load(o.contract); err != nil {
		return l, err
	}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return l, fmt.Errorf("--state: %w", err)
	}
	stop, err := startEngine(ctx, l.dir, o.log)
	if err != nil {
		return l, err
	}
	l.cleanups = append(l.cleanups, stop)
	tasks, within := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		_, err := script(within, os.Environ(), "scripts/verify/sam/image.sh", rig.HostArch())
		return err
	})
	tasks.Go(func() (err error) {
		l.venv, err = script(within, os.Environ(), "scripts/verify/sam/install.sh")
		return err
	})
	tasks.Go(func() (err error) {
		l.template, err = synth(within, l.dir, o.contract, o.command == "e2e")
		return err
	})
	tasks.Go(func() (err error) {
		l.store, err = startStore(within, l.dir, l.contract)
		return err
	})
	err = tasks.Wait()
	if l.store != nil {
		l.cleanups = append(l.cleanups, func() { l.store.End(storeStopTimeout) })
	}
	if err != nil {
		return l, err
	}
	return l, l.store.variables(l.variables())
}

// script runs a script of this module and returns what it printed, without the last
// line break.
func script(ctx context.Context, env []string, file string, args ...string) (string, error) {
	printed, err := rig.Output(ctx, env, io.Discard, file, args...)
	return strings.TrimSpace(printed), err
}

func (l *local) variables() string   { return filepath.Join(l.dir, "variables.json") }
func (l *local) credentials() string { return filepath.Join(l.dir, "credentials.json") }

// close stops what was started, in reverse order.
func (l *local) close() {
	for i := len(l.cleanups) - 1; i >= 0; i-- {
		l.cleanups[i]()
	}
}

// arguments returns the arguments of a subcommand of "sam local". more follows those
// that every subcommand takes.
func (l *local) arguments(command string, more ...string) []string {
	return append([]string{"local", command, "--template", l.template.file, "--env-vars", l.variables(),
		"--skip-pull-image", "--add-host", "host.docker.internal:host-gateway"}, more...)
}

// removeContainers removes the containers that SAM left behind: some of them, or all
// where SAM was killed.
func (l *local) removeContainers() {
	within, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = removeContainers(within, filepath.Join(l.dir, "cdk.out")) // an engine that has stopped has no containers
}

// environment returns SAM's environment. SAM passes its own AWS credentials to the
// functions, so they are not those of a real account.
func environment() []string { return rig.EmulatorEnvironment("SAM_CLI_", "SAM_CLI_TELEMETRY=0") }

// serve starts SAM's API on a port of 127.0.0.1, or on a free one for 0, and waits
// until it answers.
func (l *local) serve(ctx context.Context, port int) (*rig.Process, error) {
	if port == 0 {
		var err error
		if port, err = rig.FreePort("127.0.0.1"); err != nil {
			return nil, err
		}
	}
	root := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	args := l.arguments("start-api", "--warm-containers", "EAGER", "--host", "127.0.0.1", "--port", strconv.Itoa(port))
	p, err := rig.Start(rig.Script{File: samScript, Args: append([]string{l.venv}, args...), Env: environment(), Log: filepath.Join(l.dir, "sam.log")})
	if err != nil {
		return nil, err
	}
	l.cleanups = append(l.cleanups, func() {
		p.End(apiStopTimeout)
		l.removeContainers()
	})
	if err := p.Await(ctx, apiStartTimeout, func(ctx context.Context) bool { return rig.Answers(ctx, root+"/health") }); err != nil {
		return nil, err
	}
	l.store.demo.Base = root + l.contract.Base
	return p, l.store.demo.Write(l.credentials())
}

// samScript runs SAM CLI in the foreground.
const samScript = "scripts/verify/sam/run.sh"

// start serves the API until the context ends.
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

Press Ctrl-C to stop it and to delete its containers and data.
`, l.contract.Name, d.Base, d.Client, d.Admin, l.credentials(), p.Log, d.Client, d.Base)
	select {
	case <-ctx.Done():
		return nil
	case <-p.Ended:
		return errors.New("SAM ended and printed:\n" + p.Output())
	}
}
