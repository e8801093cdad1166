package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// template is the stack as SAM runs it.
type template struct {
	file      string            // beside the CDK's own, as the functions' paths begin there
	functions map[string]string // logical id by the function's name
}

// hostArch is what Lambda calls this machine's architecture.
func hostArch() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// synth makes the template by the CDK. There are no sockets in it: SAM dies on
// their $connect.
func synth(ctx context.Context, dir, contract string, quiet bool) (template, error) {
	out := filepath.Join(dir, "cdk.out")
	env := append(os.Environ(), `CDK_CONTEXT_JSON={"aws:cdk:enable-asset-metadata":true,"aws:cdk:enable-path-metadata":true}`, "CDK_DISABLE_VERSION_CHECK=1")
	_, err := script(ctx, env, "cdk.sh", "synth", "--quiet", "--ci", "--output", out, "-c", "contract="+contract, "-c", "stack=Statgate",
		"-c", "live=false", "-c", "edge=false", "-c", "arch="+hostArch(), "-c", "endpoint=http://host.docker.internal",
		"-c", "build="+filepath.Join(dir, "build"))
	if err != nil {
		return template{}, err
	}
	raw, err := os.ReadFile(filepath.Join(out, "Statgate.template.json"))
	if err != nil {
		return template{}, fmt.Errorf("reading the template: %w", err)
	}
	t := template{file: filepath.Join(out, "sam.template.json")}
	if raw, t.functions, err = forSAM(raw, quiet); err != nil {
		return template{}, err
	}
	return t, os.WriteFile(t.file, raw, 0o600)
}

// forSAM leaves out the mocks of any method. SAM knows no mocks: it would take each
// for the one integration of its path, and no function would ever be called.
//
// Where it is quiet, the functions log errors only. SAM waits for the end of an
// invocation in the container's log, and misses it, for a second, where another
// line comes in the same piece.
func forSAM(raw []byte, quiet bool) ([]byte, map[string]string, error) {
	var whole map[string]any
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, nil, fmt.Errorf("reading the template: %w", err)
	}
	resources, _ := whole["Resources"].(map[string]any)
	functions := map[string]string{}
	for id, one := range resources {
		resource, _ := one.(map[string]any)
		properties, _ := resource["Properties"].(map[string]any)
		switch resource["Type"] {
		case "AWS::ApiGateway::Method":
			integration, _ := properties["Integration"].(map[string]any)
			if integration["Type"] == "MOCK" && properties["HttpMethod"] == "ANY" {
				delete(resources, id)
			}
		case "AWS::Lambda::Function":
			name, _ := properties["FunctionName"].(string)
			functions[strings.TrimPrefix(name, "Statgate-")] = id
			if logging, ok := properties["LoggingConfig"].(map[string]any); ok && quiet {
				logging["ApplicationLogLevel"] = "ERROR"
			}
		}
	}
	raw, err := json.Marshal(whole)
	return raw, functions, err
}
