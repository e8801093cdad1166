package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/api/preset"
)

// settings are the context values of a deployment (cdk deploy -c name=value) by name.
type settings map[string]string

// known lists the context values and their defaults.
var known = settings{
	"stack":               "Statgate",
	"contract":            "statgate",
	"environment":         "", // the contract's first environment
	"arch":                "arm64",
	"endpoint":            "",
	"concurrency":         "0",
	"webhook_concurrency": "10",
	"mcp_origins":         "", // any
	"console":             "true",
	"replays":             "", // true in the environment test
	"oidc_issuer":         "", // people sign in with keys and portal links alone
	"oidc_client":         "",
	"oidc_secret":         "",
	"throttle":            "", // stack.DefaultRate and stack.DefaultBurst
	"deletion_protection": "true",
	"live":                "false",
	"edge":                "", // true if the contract needs one
	"waf":                 "false",
	"domain":              "",
	"certificate":         "",
	"alarm_email":         "",
	"budget_usd":          "0",
	"access_logs":         "false",
	"policy_ttl":          "300", // seconds, at most
	"adopt":               "false",
	"keys_table":          "",
	"stats_table":         "",
	"stats_stream":        "", // looked up if the deployment needs it
	"build":               "", // build/CONTRACT
}

// readSettings reads the context from the environment, as the CDK CLI passes it. It does
// not use the CDK library, so that errors in settings are reported before the library
// starts a Node process, whose output would follow the error.
func readSettings(getenv func(string) string) (settings, error) {
	context := map[string]any{}
	if raw := getenv("CDK_CONTEXT_JSON"); raw != "" {
		if err := json.Unmarshal([]byte(raw), &context); err != nil {
			return nil, fmt.Errorf("reading CDK_CONTEXT_JSON: %w", err)
		}
	}
	if file := getenv("CONTEXT_OVERFLOW_LOCATION_ENV"); file != "" { // the CLI puts a large context in a file
		raw, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(raw, &context)
		}
		if err != nil {
			return nil, fmt.Errorf("reading CONTEXT_OVERFLOW_LOCATION_ENV: %w", err)
		}
	}
	if err := checkNames(context); err != nil {
		return nil, err
	}
	// Where the CLI will deploy to; "" if it is not known.
	s := settings{"region": getenv("CDK_DEFAULT_REGION"), "account": getenv("CDK_DEFAULT_ACCOUNT")}
	for name, fallback := range known {
		s[name] = fallback
		if v, ok := context[name]; ok {
			s[name] = fmt.Sprint(v)
		}
	}
	return s, nil
}

// cdkNames are context names of the CDK CLI without a colon or a slash. The commands cdk
// acknowledge and cdk cli-telemetry store them. All others look like aws:cdk:name,
// @aws-cdk/module:name or vpc-provider:account=….
var cdkNames = []string{"acknowledged-issue-numbers", "cli-telemetry"}

// checkNames refuses a context name that is neither a setting nor a name of the CDK. A
// misspelt setting would otherwise be ignored.
func checkNames(context map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(context)) {
		_, ok := known[name]
		if !ok && !strings.ContainsAny(name, ":/") && !slices.Contains(cdkNames, name) {
			return fmt.Errorf("-c %s: unknown setting: must be one of %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return nil
}

var (
	stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,39}$`) // physical names add up to 24 characters
	tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	throttle  = regexp.MustCompile(`^([0-9]+)/([0-9]+)$`)
)

// props loads the contract and checks the settings. Errors name the setting; errors in
// the contract have the file's line and column.
func (s settings) props() (stack.Props, error) {
	var p stack.Props
	var err error
	if p.Contract, err = preset.Load(s["contract"]); err != nil {
		return p, err
	}
	if !stackName.MatchString(s["stack"]) {
		return p, fmt.Errorf("-c stack=%s: must be a letter followed by up to 39 letters, digits and hyphens", s["stack"])
	}
	p.Environment = s["environment"]
	if p.Environment == "" {
		p.Environment = p.Contract.Environments[0]
	}
	if !p.Contract.HasEnvironment(p.Environment) {
		return p, fmt.Errorf("-c environment=%s: must be an environment of the contract %s: %s", p.Environment, p.Contract.Name, strings.Join(p.Contract.Environments, ", "))
	}
	if p.Arch = s["arch"]; p.Arch != "arm64" && p.Arch != "x86_64" {
		return p, fmt.Errorf("-c arch=%s: must be arm64 or x86_64", p.Arch)
	}
	if p.Endpoint = s["endpoint"]; p.Endpoint != "" {
		if u, err := url.Parse(p.Endpoint); err != nil || u.Host == "" {
			return p, fmt.Errorf("-c endpoint=%s: must be a URL, such as http://127.0.0.1:4566", p.Endpoint)
		}
	}
	if err := s.replays(&p); err != nil {
		return p, err
	}
	if s["live"] != "false" {
		return p, fmt.Errorf("-c live=%s: must be false: the stack has no sockets", s["live"])
	}
	if err := s.edge(p.Contract, &p.Edge); err != nil {
		return p, err
	}
	if err := s.watch(&p.Watch); err != nil {
		return p, err
	}
	if p.PolicyTTL, err = strconv.Atoi(s["policy_ttl"]); err != nil || p.PolicyTTL < 1 || p.PolicyTTL > 300 {
		return p, fmt.Errorf("-c policy_ttl=%s: must be 1 to 300, the seconds for which API Gateway may reuse a policy", s["policy_ttl"])
	}
	if err := s.existing(&p.Existing); err != nil {
		return p, err
	}
	if err := s.origins(&p); err != nil {
		return p, err
	}
	if err := s.console(&p); err != nil {
		return p, err
	}
	return p, s.limits(&p)
}

// existing reads which tables and peppers exist already.
func (s settings) existing(e *stack.Existing) error {
	adopt, err := s.boolean("adopt")
	if err != nil {
		return err
	}
	*e = stack.Existing{Adopt: adopt, Keys: s["keys_table"], Stats: s["stats_table"]}
	for _, name := range []string{"keys_table", "stats_table"} {
		if v := s[name]; v != "" && !tableName.MatchString(v) {
			return fmt.Errorf("-c %s=%s: must be a DynamoDB table name: 3–255 letters, digits, _, . and -", name, v)
		}
	}
	return nil
}

// origins reads which web pages may call the MCP server.
func (s settings) origins(p *stack.Props) (err error) {
	if p.MCPOrigins, err = api.ParseOrigins(s["mcp_origins"]); err != nil {
		return fmt.Errorf("-c mcp_origins=%s: %w", s["mcp_origins"], err)
	}
	if _, ok := p.Contract.Operations[api.CallMCP]; !ok && len(p.MCPOrigins) > 0 {
		return fmt.Errorf("-c mcp_origins=%s: the contract %s has no MCP server: its operations lack %s", s["mcp_origins"], p.Contract.Name, api.CallMCP)
	}
	return nil
}

// secretARN is the ARN of a secret, with the six characters that Secrets Manager appends to its
// name: without them, a grant would also hold for other secrets.
var secretARN = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$`)

// replays reads whether matches can be replayed.
func (s settings) replays(p *stack.Props) error {
	if s["replays"] == "" {
		p.Contract.NoReplays = p.Environment != "test"
		return nil
	}
	deployed, err := s.boolean("replays")
	p.Contract.NoReplays = !deployed
	return err
}

// console reads whether there is a console, and how people sign in to it.
func (s settings) console(p *stack.Props) error {
	deployed, err := s.boolean("console")
	if err != nil {
		return err
	}
	p.Contract.NoConsole = !deployed
	o := stack.OpenID{Issuer: s["oidc_issuer"], Client: s["oidc_client"], Secret: s["oidc_secret"]}
	if o == (stack.OpenID{}) {
		return nil
	}
	for _, name := range []string{"oidc_issuer", "oidc_client", "oidc_secret"} {
		if s[name] == "" {
			return fmt.Errorf("-c %s: must be set, as oidc_issuer, oidc_client and oidc_secret work together only", name)
		}
	}
	if !deployed {
		return fmt.Errorf("-c oidc_issuer=%s: must not be set with console=false: only the console signs people in", o.Issuer)
	}
	if u, err := url.Parse(o.Issuer); err != nil || u.Scheme != "https" && p.Endpoint == "" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("-c oidc_issuer=%s: must be an https URL without a query, such as https://login.example.com", o.Issuer)
	}
	if !secretARN.MatchString(o.Secret) {
		// The value is not repeated: it may be the secret itself.
		return errors.New("-c oidc_secret: must be the whole ARN of a secret in Secrets Manager, with the six characters after its name")
	}
	p.OpenID = o
	return nil
}

// limits reads the settings of concurrency and throttling.
func (s settings) limits(p *stack.Props) (err error) {
	if p.Concurrency, err = strconv.Atoi(s["concurrency"]); err != nil || p.Concurrency < 0 {
		return fmt.Errorf("-c concurrency=%s: must be the number of instances to reserve for each function, or 0", s["concurrency"])
	}
	protected, err := s.boolean("deletion_protection")
	if err != nil {
		return err
	}
	p.Unprotected = !protected
	if p.WebhookConcurrency, err = strconv.Atoi(s["webhook_concurrency"]); err != nil || p.WebhookConcurrency < 2 || p.WebhookConcurrency > 1000 {
		return fmt.Errorf("-c webhook_concurrency=%s: must be 2 to 1000, the maximum of concurrent instances that deliver webhooks", s["webhook_concurrency"])
	}
	if s["throttle"] == "" {
		return nil
	}
	m := throttle.FindStringSubmatch(s["throttle"])
	if m == nil {
		return fmt.Errorf("-c throttle=%s: must be RATE/BURST, such as 100/200", s["throttle"])
	}
	for value, text := range map[*int]string{&p.Rate: m[1], &p.Burst: m[2]} {
		if *value, err = strconv.Atoi(text); err != nil || *value < 1 {
			return fmt.Errorf("-c throttle=%s: RATE and BURST must be at least 1", s["throttle"])
		}
	}
	return nil
}

// bundles builds the functions. The build is a separate program, as it imports the
// handlers for the OpenAPI document, which the stack must not import.
func (s settings) bundles(p stack.Props) (map[string]stack.Bundle, error) {
	out := s["build"]
	if out == "" { // a directory per contract allows concurrent builds
		out = filepath.Join("build", p.Contract.Name)
	}
	arguments := []string{"run", "./scripts/build", "--contract", s["contract"], "--arch", p.Arch, "--out", out}
	if p.Contract.NoConsole {
		arguments = append(arguments, "--no-console")
	}
	if p.Contract.NoReplays {
		arguments = append(arguments, "--no-replays")
	}
	build := exec.Command("go", arguments...)
	build.Stderr = os.Stderr
	stdout, err := build.Output()
	if err != nil {
		return nil, fmt.Errorf("building the functions: %w", err)
	}
	var bundles map[string]stack.Bundle
	if err := json.Unmarshal(stdout, &bundles); err != nil {
		return nil, fmt.Errorf("reading the output of the build: %w", err)
	}
	return bundles, nil
}
