// Package console opens the pages of a deployment in a browser, as people do. Its tests are the
// rig: stories of customers and operators, attacks, and measures of accessibility and speed.
package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// browser is a running browser and the program that drives it. Any goroutine may use it.
type browser struct {
	cmd    *exec.Cmd
	errors bytes.Buffer
	ended  chan struct{} // closed when the program's output ends

	mu      sync.Mutex
	in      io.WriteCloser
	last    int
	waiting map[int]chan answer
}

// command is one command of the driver; see drivers/browser.mjs.
type command map[string]any

// answer is the driver's answer to a command.
type answer struct {
	ID     int
	Result json.RawMessage
	Error  string
}

// install installs the browser and its driver's packages. It returns the driver's arguments.
func install(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, "./install.sh")
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("install.sh: %w\n%s", err, problems.String())
	}
	places := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(places) != 3 {
		return nil, fmt.Errorf("install.sh: got %d lines, want 3: %q", len(places), places)
	}
	return places, nil
}

// start starts a browser.
func start(ctx context.Context) (*browser, error) {
	places, err := install(ctx)
	if err != nil {
		return nil, err
	}
	b := &browser{cmd: exec.Command("node", append([]string{"drivers/browser.mjs"}, places...)...), ended: make(chan struct{}), waiting: map[int]chan answer{}}
	b.cmd.Stderr = &b.errors
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the driver: %w", err)
	}
	go b.read(bufio.NewReader(out))
	return b, nil
}

// read passes each answer of the driver to the call that waits for it.
func (b *browser) read(out *bufio.Reader) {
	defer close(b.ended)
	for {
		line, err := out.ReadBytes('\n')
		if err != nil {
			return
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			a.Error = fmt.Sprintf("%.200s: %v", line, err)
		}
		b.mu.Lock()
		waiting := b.waiting[a.ID]
		delete(b.waiting, a.ID)
		b.mu.Unlock()
		if waiting != nil {
			waiting <- a
		}
	}
}

// do sends a command and decodes its result.
func (b *browser) do(c command, result any) error {
	waiting := make(chan answer, 1)
	if err := b.send(c, waiting); err != nil {
		return fmt.Errorf("%v: %w", c["op"], err)
	}
	var a answer
	select {
	case a = <-waiting:
	case <-time.After(4 * patience):
		return fmt.Errorf("%v: the browser does not answer", c["op"])
	case <-b.ended:
		return fmt.Errorf("%v: the driver ended: %s", c["op"], b.errors.String())
	}
	switch {
	case a.Error != "":
		return errors.New(a.Error)
	case result == nil:
		return nil
	}
	return json.Unmarshal(a.Result, result)
}

// send writes a command with a number of its own.
func (b *browser) send(c command, waiting chan answer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	c["id"] = b.last
	b.waiting[b.last] = waiting
	return json.NewEncoder(b.in).Encode(c)
}

// stop ends the browser and its driver.
func (b *browser) stop() error {
	if err := b.in.Close(); err != nil {
		return err
	}
	<-b.ended
	if err := b.cmd.Wait(); err != nil {
		return fmt.Errorf("the driver: %w: %s", err, b.errors.String())
	}
	return nil
}
