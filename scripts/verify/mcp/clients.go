// Package mcp runs clients of the Model Context Protocol that other people wrote, and the
// protocol's conformance suite, against a deployment. Its tests are the rig.
package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// client is a client, and the newest revision that it speaks.
type client struct {
	name     string
	revision string
	command  func(p *places) *exec.Cmd
}

// places are where install.sh installed a set of clients.
type places struct {
	dir    string // a directory with the drivers and the npm packages
	npm    string
	others []string
}

// newest are the newest clients. Version 1 of the SDK of TypeScript does not speak the newest
// revision of the protocol; its successor does.
var newest = []client{
	{"TypeScript client 2.4.0", "2026-07-28", node("@modelcontextprotocol/client")},
	{"TypeScript SDK 1.32.2", "2025-11-25", node("@modelcontextprotocol/sdk")},
	{"Python SDK 2.3.0", "2026-07-28", python(0)},
}

// older are clients of older revisions.
var older = []client{
	{"TypeScript SDK 1.20.0", "2025-06-18", node("sdk-1.20")},
	{"TypeScript SDK 1.12.3", "2025-03-26", node("sdk-1.12")},
	{"TypeScript SDK 1.10.2", "2024-11-05", node("sdk-1.10")},
	{"Python SDK 1.30.0", "2025-11-25", python(0)},
	{"Python SDK 1.22.0", "2025-06-18", python(1)},
	{"Python SDK 1.9.4", "2025-03-26", python(2)},
	{"Python SDK 1.8.0", "2024-11-05", python(3)},
}

func node(pkg string) func(p *places) *exec.Cmd {
	return func(p *places) *exec.Cmd { return exec.Command("node", filepath.Join(p.dir, "node.mjs"), pkg) }
}

func python(number int) func(p *places) *exec.Cmd {
	return func(p *places) *exec.Cmd {
		return exec.Command(filepath.Join(p.others[number], "bin", "python"), filepath.Join(p.dir, "client.py"))
	}
}

// install installs a set of clients, and copies the drivers to a directory.
func install(ctx context.Context, set, dir string) (*places, error) {
	out, err := run(ctx, "./install.sh", set)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	p := &places{dir: dir, npm: filepath.Join(lines[0], "node_modules"), others: lines[1:]}
	if err := os.CopyFS(dir, os.DirFS("drivers")); err != nil {
		return nil, err
	}
	return p, os.Symlink(p.npm, filepath.Join(dir, "node_modules"))
}

// run runs a program and returns its standard output. The error has its standard error.
func run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w\n%s%s", program, strings.Join(args, " "), err, problems.String(), out.String())
	}
	return out.String(), nil
}

// driver is a running client, which connects to one server at a time.
type driver struct {
	in     io.WriteCloser
	out    *bufio.Reader
	cmd    *exec.Cmd
	errors bytes.Buffer
}

// refusal is the error that a client gives its program.
type refusal struct {
	Kind    string          `json:"kind"`
	Message string          `json:"message"`
	Code    json.RawMessage `json:"code"`
	Status  int             `json:"status"`
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %s (code %s, status %d)", r.Kind, r.Message, r.Code, r.Status)
}

// start starts a client.
func (c client) start(p *places) (*driver, error) {
	d := &driver{cmd: c.command(p)}
	var err error
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.out, d.cmd.Stderr = bufio.NewReader(out), &d.errors
	return d, d.cmd.Start()
}

// stop ends the client's process.
func (d *driver) stop() error {
	if err := d.in.Close(); err != nil {
		return err
	}
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, d.errors.String())
	}
	return nil
}

// do sends a command and decodes its result. If the client throws, the error is a *refusal.
func (d *driver) do(command map[string]any, result any) error {
	if err := json.NewEncoder(d.in).Encode(command); err != nil {
		return fmt.Errorf("%w: %s", err, d.errors.String())
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the client ended: %w: %s", err, d.errors.String())
	}
	var answer struct {
		Result json.RawMessage
		Error  *refusal
	}
	switch err := json.Unmarshal(line, &answer); {
	case err != nil:
		return fmt.Errorf("%.200s: %w", line, err)
	case answer.Error != nil:
		return answer.Error
	case answer.Result == nil:
		return errors.New("the client answered nothing")
	}
	return json.Unmarshal(answer.Result, result)
}

// connection is what a client knows after it connected.
type connection struct {
	Revision     string
	Session      *string
	Capabilities map[string]json.RawMessage
	Instructions string
	Server       struct{ Name, Version string }
}

// toolList is a list of tools.
type toolList struct {
	Tools []struct {
		Name         string
		Title        string
		Description  string
		InputSchema  json.RawMessage
		OutputSchema json.RawMessage
	}
	TTLMs      *int64
	CacheScope string
}

func (l toolList) names() []string {
	names := []string{}
	for _, t := range l.Tools {
		names = append(names, t.Name)
	}
	return names
}

// toolResult is the result of a call.
type toolResult struct {
	IsError           bool
	StructuredContent json.RawMessage
	Content           []struct{ Type, Text string }
	Meta              struct {
		Quota *struct {
			Budget    string
			Limit     int64
			Remaining int64
		}
	} `json:"_meta"`
}

func (r toolResult) text() string {
	if len(r.Content) != 1 {
		return ""
	}
	return r.Content[0].Text
}

func (d *driver) connect(url, secret string) (connection, error) {
	var c connection
	return c, d.do(map[string]any{"op": "connect", "url": url, "secret": secret}, &c)
}

func (d *driver) list() (toolList, error) {
	var l toolList
	return l, d.do(map[string]any{"op": "list"}, &l)
}

func (d *driver) call(tool string, arguments map[string]any) (toolResult, error) {
	var r toolResult
	return r, d.do(map[string]any{"op": "call", "tool": tool, "arguments": arguments}, &r)
}

func (d *driver) close() error { return d.do(map[string]any{"op": "close"}, &struct{}{}) }
