package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"statgate/scripts/verify/internal/rig"
)

// template is the stack's template as SAM runs it.
type template struct {
	file      string            // in the CDK's output directory, because the paths of the code are relative to it
	functions map[string]string // function name → logical id
}

// synth synthesises the template with the CDK and adapts it to SAM. The template has
// no live sockets, because SAM crashes on their $connect route.
func synth(ctx context.Context, dir, contract string, quiet bool) (template, error) {
	out := filepath.Join(dir, "cdk.out")
	env := append(os.Environ(), `CDK_CONTEXT_JSON={"aws:cdk:enable-asset-metadata":true,"aws:cdk:enable-path-metadata":true}`, "CDK_DISABLE_VERSION_CHECK=1")
	_, err := script(ctx, env, "scripts/cdk.sh", "synth", "--quiet", "--ci", "--output", out, "-c", "contract="+contract, "-c", "stack=Statgate",
		"-c", "live=false", "-c", "replays=true", "-c", "edge=false", "-c", "arch="+rig.HostArch(), "-c", "endpoint=http://host.docker.internal",
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

// forSAM removes the mock integrations of the method ANY. SAM does not support mocks:
// it takes such a mock for the only integration of its path, and never calls a
// function. It also returns the logical ids of the functions by name.
//
// With quiet, the functions log errors only. SAM finds the end of an invocation in
// the container's log. It misses it for a second where another line arrives in the
// same chunk.
func forSAM(raw []byte, quiet bool) ([]byte, map[string]string, error) {
	var full map[string]any
	if err := json.Unmarshal(raw, &full); err != nil {
		return nil, nil, fmt.Errorf("reading the template: %w", err)
	}
	resources, _ := full["Resources"].(map[string]any)
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
	raw, err := json.Marshal(full)
	return raw, functions, err
}
