package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a script of this module that runs until this process ends, however
// that happens: its standard input is a pipe whose other end nobody else has.
type process struct {
	name, log string
	cmd       *exec.Cmd
	tie       *os.File
	ended     chan struct{}
	err       error // once it has ended
}

// begin starts a script. What it says goes to a log in the directory.
func begin(dir, script string, env []string, args ...string) (*process, error) {
	name := strings.TrimSuffix(strings.ReplaceAll(script, "/", "-"), ".sh")
	p := &process{name: script, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", script, err)
	}
	defer log.Close() // the process has its own
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", script, err)
	}
	defer read.Close()
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	p.tie, p.cmd = write, exec.Command(filepath.Join(root, "scripts", script), args...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = root, env, read, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C here is not for it, and its group is its own
	if err := p.cmd.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("starting %s: %w", script, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// await returns when the process does what it was started for, or says why not.
func (p *process) await(ctx context.Context, patience time.Duration, ready func(context.Context) bool) error {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !ready(within) {
		select {
		case <-within.Done():
			return fmt.Errorf("%s is not ready after %s: %w; see %s", p.name, patience, within.Err(), p.log)
		case <-p.ended:
			return fmt.Errorf("%s ended (%v) and said:\n%s", p.name, p.err, p.said())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

func (p *process) said() string {
	said, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(said)
}

// end lets the process go and waits for it; it kills what does not go.
func (p *process) end(patience time.Duration) {
	p.tie.Close()
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}

// script runs a script of this module to its end and returns what it printed.
func script(ctx context.Context, env []string, name string, args ...string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(root, "scripts", name), args...)
	cmd.Dir, cmd.Env = root, env
	var printed, said strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", name, err, said.String(), printed.String())
	}
	return strings.TrimSpace(printed.String()), nil
}

// moduleRoot is the directory of go.mod: tests run in their package's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("run this inside the module")
		}
		dir = filepath.Dir(dir)
	}
	return "", fmt.Errorf("looking for go.mod: %w", err)
}
