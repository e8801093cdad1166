package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"statgate/scripts/verify/internal/rig"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// authorizer is the name of the one function that has no route.
const authorizer = "authorizer"

// sampledContract is the contract of the events in events/.
const sampledContract = "statgate"

// invoke runs one event in its function's container, prints the answer, and copies
// the function's log. The key in the sample events does not exist, so the demo's
// client key replaces it, or its admin key for key management.
func (l *local) invoke(ctx context.Context, o options, out io.Writer) error {
	function, management, err := callee(l.contract, o.operation)
	if err != nil {
		return err
	}
	secret := l.store.demo.Client
	if management {
		secret = l.store.demo.Admin
	}
	event, err := l.event(ctx, o.event, secret)
	if err != nil {
		return err
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, filepath.Join(l.venv, "bin/sam"), l.arguments("invoke", l.template.functions[function], "--event", event)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), out, &stderr
	l.cleanups = append(l.cleanups, l.removeContainers)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sam local invoke: %w\n%s", err, stderr.String())
	}
	_, logged, _ := strings.Cut(stderr.String(), "START RequestId") // SAM's own messages come first
	fmt.Fprintf(o.log, "\nSTART RequestId%s", logged)
	return nil
}

// callee returns the function of an operation, and whether the operation requires a
// management key.
func callee(c *contract.Contract, operation string) (function string, management bool, err error) {
	if operation == authorizer {
		return authorizer, false, nil
	}
	for _, r := range api.For(c) {
		if r.Operation == operation {
			return r.Function, r.Management, nil
		}
	}
	return "", false, fmt.Errorf("--operation: the contract %s has no operation %q", c.Name, operation)
}

// withEvent returns the options with the file of the event to send. It fails where
// the operation or a sample of it is missing.
func (o options) withEvent() (options, error) {
	c, err := preset.Load(o.contract)
	if err != nil {
		return o, err
	}
	if _, _, err := callee(c, o.operation); err != nil || o.event != "" {
		return o, err
	}
	if c.Name != sampledContract {
		return o, fmt.Errorf("--event: events/ has samples of the contract %s only: name a file", sampledContract)
	}
	root, err := rig.ModuleRoot()
	if err != nil {
		return o, err
	}
	files, err := filepath.Glob(filepath.Join(root, "events", o.operation, "*.json"))
	if err == nil && len(files) == 0 {
		err = errors.New("no such file")
	}
	if err != nil {
		return o, fmt.Errorf("--event: looking for events/%s/*.json: %w", o.operation, err)
	}
	o.event = files[0]
	return o, nil
}

// event writes a copy of an event and returns its path. The copy has the caller that
// the authorizer finds for the secret, and the secret where the original has one.
func (l *local) event(ctx context.Context, file, secret string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--event: %w", err)
	}
	var event map[string]any
	if err := json.Unmarshal(raw, &event); err != nil {
		return "", fmt.Errorf("--event %s: %w", file, err)
	}
	setSecret(event, secret)
	if within, ok := event["requestContext"].(map[string]any); ok && within["authorizer"] != nil {
		caller, err := l.store.d.Keys.Authenticate(ctx, secret)
		if err != nil {
			return "", fmt.Errorf("authenticating the caller: %w", err)
		}
		within["authorizer"] = caller.Context()
	}
	if raw, err = json.Marshal(event); err == nil {
		file = filepath.Join(l.dir, "event.json")
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("writing the event: %w", err)
	}
	return file, nil
}

// setSecret replaces the secret in the Authorization headers that the event has.
func setSecret(event map[string]any, secret string) {
	bearer := "Bearer " + secret
	if headers, ok := event["headers"].(map[string]any); ok && headers["Authorization"] != nil {
		headers["Authorization"] = bearer
	}
	if headers, ok := event["multiValueHeaders"].(map[string]any); ok && headers["Authorization"] != nil {
		headers["Authorization"] = []string{bearer}
	}
}
