package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"statgate/shared/api"
)

// authorizer is the one function that no route names.
const authorizer = "authorizer"

// invoke runs one event of events/ in its function's container and prints the
// answer. The event's caller is the demo's client, or its admin for key management:
// the samples' own key is nobody's.
func (l *local) invoke(ctx context.Context, o options, out io.Writer) error {
	function, secret, err := l.callee(o.operation)
	if err != nil {
		return err
	}
	file, err := o.sample()
	if err != nil {
		return err
	}
	event, err := l.event(ctx, file, secret)
	if err != nil {
		return err
	}
	p, err := l.begin("invoke", l.template.functions[function], "--event", event)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ended:
	}
	fmt.Fprintln(out, strings.TrimSpace(p.said()))
	return p.err
}

// callee returns the function that has the operation, and the secret of the key to
// call it with.
func (l *local) callee(operation string) (function, secret string, err error) {
	if operation == authorizer {
		return authorizer, l.store.demo.Client, nil
	}
	for _, r := range api.For(l.contract) {
		switch {
		case r.Operation != operation:
		case r.Management:
			return r.Function, l.store.demo.Admin, nil
		default:
			return r.Function, l.store.demo.Client, nil
		}
	}
	return "", "", fmt.Errorf("-operation: the contract %s has no operation %q", l.contract.Name, operation)
}

// sample is the file of the event to send.
func (o options) sample() (string, error) {
	if o.event != "" {
		return o.event, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(root, "events", o.operation, "*.json"))
	if err == nil && len(files) == 0 {
		err = errors.New("there is no such event")
	}
	if err != nil {
		return "", fmt.Errorf("looking for events/%s/*.json: %w", o.operation, err)
	}
	return files[0], nil
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
