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

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// authorizer is the one function that no route names.
const authorizer = "authorizer"

// sampledContract is the contract whose events are in events/.
const sampledContract = "statgate"

// invoke runs one event of events/ in its function's container, prints the answer
// and logs what the function logged. The event's caller is the demo's client, or its
// admin for key management: the samples' own key is nobody's.
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
	var said strings.Builder
	cmd := exec.CommandContext(ctx, filepath.Join(l.venv, "bin/sam"), l.arguments("invoke", l.template.functions[function], "--event", event)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), out, &said
	l.ends = append(l.ends, l.removeContainers)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sam local invoke: %w\n%s", err, said.String())
	}
	_, logged, _ := strings.Cut(said.String(), "START RequestId") // before it SAM tells of itself
	fmt.Fprintf(o.log, "\nSTART RequestId%s", logged)
	return nil
}

// callee returns the function that has the operation, and whether a management key
// calls it.
func callee(c *contract.Contract, operation string) (function string, management bool, err error) {
	if operation == authorizer {
		return authorizer, false, nil
	}
	for _, r := range api.For(c) {
		if r.Operation == operation {
			return r.Function, r.Management, nil
		}
	}
	return "", false, fmt.Errorf("-operation: the contract %s has no operation %q", c.Name, operation)
}

// sampled is the options with the event to send, or why there is none.
func (o options) sampled() (options, error) {
	c, err := preset.Load(o.contract)
	if err != nil {
		return o, err
	}
	if _, _, err := callee(c, o.operation); err != nil || o.event != "" {
		return o, err
	}
	if c.Name != sampledContract {
		return o, fmt.Errorf("-event: events/ has samples of the contract %s alone", sampledContract)
	}
	root, err := moduleRoot()
	if err != nil {
		return o, err
	}
	files, err := filepath.Glob(filepath.Join(root, "events", o.operation, "*.json"))
	if err == nil && len(files) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		return o, fmt.Errorf("-event: looking for events/%s/*.json: %w", o.operation, err)
	}
	o.event = files[0]
	return o, nil
}

// event writes the event with a caller of the store's: what the authorizer would
// say of the secret, and the secret itself where the event has one.
func (l *local) event(ctx context.Context, file, secret string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("-event: %w", err)
	}
	var event map[string]any
	if err := json.Unmarshal(raw, &event); err != nil {
		return "", fmt.Errorf("-event %s: %w", file, err)
	}
	carry(event, secret)
	if within, ok := event["requestContext"].(map[string]any); ok && within["authorizer"] != nil {
		caller, err := l.store.d.Keys.Authenticate(ctx, secret)
		if err != nil {
			return "", fmt.Errorf("asking who calls: %w", err)
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

// carry puts the secret where the event has one.
func carry(event map[string]any, secret string) {
	bearer := "Bearer " + secret
	if headers, ok := event["headers"].(map[string]any); ok && headers["Authorization"] != nil {
		headers["Authorization"] = bearer
	}
	if headers, ok := event["multiValueHeaders"].(map[string]any); ok && headers["Authorization"] != nil {
		headers["Authorization"] = []string{bearer}
	}
}
