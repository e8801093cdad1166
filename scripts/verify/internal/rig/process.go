package rig

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Script is a script of this module that runs in the background.
type Script struct {
	File string // path from the module's root
	Args []string
	Env  []string // nil for this process's
	Log  string   // file that receives the output; it is overwritten

	// Detached leaves the process running when this process ends. Otherwise its
	// standard input is a pipe whose other end only this process holds, and the
	// script has to end with it.
	Detached bool
}

// Process is a script that was started. It leads a process group of its own, so a
// Ctrl-C in the terminal does not reach it.
type Process struct {
	PID   int
	Log   string
	Ended <-chan struct{} // closed when the process has ended
	Err   error           // the process's exit status, once it has ended

	name string
	tie  *os.File // our end of the process's standard input; nil where it is detached
}

// Start starts a script in the module's root.
func Start(s Script) (*Process, error) {
	p, err := s.start()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", s.File, err)
	}
	return p, nil
}

func (s Script) start() (*Process, error) {
	root, err := ModuleRoot()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own descriptor
	p := &Process{Log: s.Log, name: s.File}
	cmd := exec.Command(filepath.Join(root, s.File), s.Args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = root, s.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !s.Detached {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer read.Close()
		p.tie, cmd.Stdin = write, read
	}
	if err := cmd.Start(); err != nil {
		p.untie()
		return nil, err
	}
	ended := make(chan struct{})
	p.PID, p.Ended = cmd.Process.Pid, ended
	go func() {
		p.Err = cmd.Wait()
		close(ended)
	}()
	return p, nil
}

// Await returns nil as soon as ready reports true. It fails when the process ends
// first, when the context does, or after the timeout.
func (p *Process) Await(ctx context.Context, timeout time.Duration, ready func(context.Context) bool) error {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for !ready(within) {
		select {
		case <-within.Done():
			return fmt.Errorf("%s is not ready after %s: %w; see %s", p.name, timeout, within.Err(), p.Log)
		case <-p.Ended:
			return fmt.Errorf("%s ended (%v) and printed:\n%s", p.name, p.Err, p.Output()) //nolint:errorlint // nil when it exits with 0
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// Output returns what the process has printed so far.
func (p *Process) Output() string {
	out, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// End closes the standard input of the process and waits until it has ended. It
// kills the process group after the timeout, and immediately where the process is
// detached.
func (p *Process) End(timeout time.Duration) {
	if p.tie == nil {
		timeout = 0
	}
	p.untie()
	select {
	case <-p.Ended:
	case <-time.After(timeout):
		KillGroup(p.PID)
		<-p.Ended
	}
}

func (p *Process) untie() {
	if p.tie != nil {
		p.tie.Close()
	}
}

// KillGroup kills a process that leads its group, and all processes that it started.
func KillGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// Output runs a command in the module's root and returns its standard output, which
// may hold a secret. Its standard error goes to the log. An error holds both.
func Output(ctx context.Context, env []string, log io.Writer, name string, args ...string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = root, env
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, io.MultiWriter(log, &stderr)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(append([]string{name}, args[:min(1, len(args))]...), " "), err, stderr.String(), stdout.String())
	}
	return stdout.String(), nil
}
