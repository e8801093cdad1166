package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"statgate/infra/stack"
	"statgate/shared/api/preset"
)

// settings are the context values of a deployment (cdk deploy -c name=value) as texts.
type settings map[string]string

// known lists the context values and their defaults.
var known = settings{
	"stack":               "Statgate",
	"contract":            "statgate",
	"environment":         "", // the contract's first
	"arch":                "arm64",
	"endpoint":            "",
	"concurrency":         "0",
	"webhook_concurrency": "10",
	"throttle":            "",
	"live":                "false",
	"edge":                "", // where the contract needs one
	"waf":                 "false",
	"domain":              "",
	"certificate":         "",
	"alarm_email":         "",
	"budget_usd":          "0",
	"access_logs":         "false",
	"policy_ttl":          "300", // at most
	"adopt":               "false",
	"keys_table":          "",
	"stats_table":         "",
	"stats_stream":        "", // looked up, where it must be known
	"build":               "", // build/ and the contract's name
}

// readSettings reads the context as the CDK CLI passes it. It does not ask the
// library: what is wrong with a setting is said before a Node process is started,
// whose end would be heard beside it.
func readSettings(getenv func(string) string) (settings, error) {
	context := map[string]any{}
	if raw := getenv("CDK_CONTEXT_JSON"); raw != "" {
		if err := json.Unmarshal([]byte(raw), &context); err != nil {
			return nil, fmt.Errorf("reading CDK_CONTEXT_JSON: %w", err)
		}
	}
	if file := getenv("CONTEXT_OVERFLOW_LOCATION_ENV"); file != "" { // what the variable has no room for
		raw, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(raw, &context)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the rest of the context: %w", err)
		}
	}
	// As the CLI will deploy to, "" where it does not say.
	read := settings{"region": getenv("CDK_DEFAULT_REGION"), "account": getenv("CDK_DEFAULT_ACCOUNT")}
	for name, fallback := range known {
		read[name] = fallback
		if v, ok := context[name]; ok {
			read[name] = fmt.Sprint(v)
		}
	}
	return read, nil
}

var (
	stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,39}$`) // physical names add up to 24 characters
	tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	throttle  = regexp.MustCompile(`^([0-9]+)/([0-9]+)$`)
)

// props checks the settings and loads the contract: what is wrong is found here,
// with the file's line and column where it is the contract.
func (s settings) props() (stack.Props, error) {
	var p stack.Props
	var err error
	if p.Contract, err = preset.Load(s["contract"]); err != nil {
		return p, err
	}
	if !stackName.MatchString(s["stack"]) {
		return p, fmt.Errorf("-c stack=%s: a stack's name is a letter and up to 39 letters, digits and hyphens", s["stack"])
	}
	p.Environment = s["environment"]
	if p.Environment == "" {
		p.Environment = p.Contract.Environments[0]
	}
	if !p.Contract.HasEnvironment(p.Environment) {
		return p, fmt.Errorf("-c environment=%s: the contract %s has %s", p.Environment, p.Contract.Name, strings.Join(p.Contract.Environments, ", "))
	}
	if p.Arch = s["arch"]; p.Arch != "arm64" && p.Arch != "x86_64" {
		return p, fmt.Errorf("-c arch=%s: Lambda has arm64 and x86_64", p.Arch)
	}
	if p.Endpoint = s["endpoint"]; p.Endpoint != "" {
		if u, err := url.Parse(p.Endpoint); err != nil || u.Host == "" {
			return p, fmt.Errorf("-c endpoint=%s: not a URL", p.Endpoint)
		}
	}
	if s["live"] != "false" {
		return p, fmt.Errorf("-c live=%s: this stack has no sockets; only false is known", s["live"])
	}
	if err := s.edge(p.Contract, &p.Edge); err != nil {
		return p, err
	}
	if err := s.watch(&p.Watch); err != nil {
		return p, err
	}
	if p.PolicyTTL, err = strconv.Atoi(s["policy_ttl"]); err != nil || p.PolicyTTL < 1 || p.PolicyTTL > 300 {
		return p, fmt.Errorf("-c policy_ttl=%s: the seconds for which API Gateway may reuse a policy, 1 to 300", s["policy_ttl"])
	}
	if err := s.kept(&p.Kept); err != nil {
		return p, err
	}
	return p, s.limits(&p)
}

func (s settings) kept(k *stack.Kept) error {
	if s["adopt"] != "true" && s["adopt"] != "false" {
		return fmt.Errorf("-c adopt=%s: true or false", s["adopt"])
	}
	*k = stack.Kept{Adopt: s["adopt"] == "true", Keys: s["keys_table"], Stats: s["stats_table"]}
	for _, name := range []string{"keys_table", "stats_table"} {
		if v := s[name]; v != "" && !tableName.MatchString(v) {
			return fmt.Errorf("-c %s=%s: no name that a DynamoDB table can have", name, v)
		}
	}
	return nil
}

func (s settings) limits(p *stack.Props) (err error) {
	if p.Concurrency, err = strconv.Atoi(s["concurrency"]); err != nil || p.Concurrency < 0 {
		return fmt.Errorf("-c concurrency=%s: a number of instances that each function reserves, or 0", s["concurrency"])
	}
	if p.WebhookConcurrency, err = strconv.Atoi(s["webhook_concurrency"]); err != nil || p.WebhookConcurrency < 2 || p.WebhookConcurrency > 1000 {
		return fmt.Errorf("-c webhook_concurrency=%s: the most instances that deliver webhooks at once, 2 to 1000", s["webhook_concurrency"])
	}
	if s["throttle"] == "" {
		return nil
	}
	m := throttle.FindStringSubmatch(s["throttle"])
	if m == nil {
		return fmt.Errorf("-c throttle=%s: calls a second and burst, as 100/200", s["throttle"])
	}
	if p.Rate, err = strconv.Atoi(m[1]); err != nil {
		return fmt.Errorf("-c throttle=%s: %w", s["throttle"], err)
	}
	if p.Burst, err = strconv.Atoi(m[2]); err != nil {
		return fmt.Errorf("-c throttle=%s: %w", s["throttle"], err)
	}
	return nil
}

// bundles builds what the stack packages. The build is a program of its own, as it
// knows the handlers (for the OpenAPI document) and the stack must not.
func (s settings) bundles(p stack.Props) (map[string]stack.Bundle, error) {
	out := s["build"]
	if out == "" { // two contracts can be built at once
		out = filepath.Join("build", p.Contract.Name)
	}
	build := exec.Command("go", "run", "./scripts/build", "-contract", s["contract"], "-arch", p.Arch, "-out", out)
	build.Stderr = os.Stderr
	told, err := build.Output()
	if err != nil {
		return nil, fmt.Errorf("building the functions: %w", err)
	}
	var made map[string]stack.Bundle
	if err := json.Unmarshal(told, &made); err != nil {
		return nil, fmt.Errorf("reading what was built: %w", err)
	}
	return made, nil
}
