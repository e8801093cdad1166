package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"statgate/infra/stack"
)

// readProps reads the settings from a context, as the CDK CLI passes it.
func readProps(t *testing.T, context map[string]any) (stack.Props, settings, error) {
	t.Helper()
	raw, err := json.Marshal(context)
	if err != nil {
		t.Fatal(err)
	}
	read, err := readSettings(func(name string) string {
		return map[string]string{"CDK_CONTEXT_JSON": string(raw)}[name]
	})
	if err != nil {
		return stack.Props{}, nil, err
	}
	props, err := read.props()
	return props, read, err
}

func TestDefaultIsTheStatgateContractOnARM(t *testing.T) {
	p, read, err := readProps(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{read["stack"], p.Contract.Name, p.Environment, p.Arch, p.Endpoint, p.Concurrency, p.Rate}
	want := []any{"Statgate", "statgate", "live", "arm64", "", 0, 0}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got, want)
			break
		}
	}
}

func TestContextValuesMayBeStringsNumbersOrBooleans(t *testing.T) {
	p, _, err := readProps(t, map[string]any{
		"contract": "balla", "arch": "x86_64", "endpoint": "http://127.0.0.1:4566", "concurrency": 5, "throttle": "50/100", "webhook_concurrency": 20,
		"live": false, "edge": "false", "aws:cdk:enable-path-metadata": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Contract.Name != "balla" || p.Arch != "x86_64" || p.Endpoint == "" || p.Concurrency != 5 || p.WebhookConcurrency != 20 || p.Rate != 50 || p.Burst != 100 {
		t.Errorf("got %+v", p)
	}
}

func TestContextOverflowIsReadFromItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "context-overflow.json")
	if err := os.WriteFile(file, []byte(`{"contract":"balla"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := readSettings(func(name string) string {
		return map[string]string{"CDK_CONTEXT_JSON": `{"arch":"x86_64"}`, "CONTEXT_OVERFLOW_LOCATION_ENV": file}[name]
	})
	if err != nil || read["contract"] != "balla" || read["arch"] != "x86_64" {
		t.Errorf("got %v, %v", read, err)
	}
}

func TestInvalidSettingsAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"contract", "nope", `no preset "nope"`},
		{"contract", "missing/file.yaml", "missing/file.yaml"},
		{"environment", "staging", "-c environment=staging: must be an environment of the contract statgate: live, test"},
		{"arch", "mips", "-c arch=mips"},
		{"stack", "a_b", "-c stack=a_b"},
		{"stack", strings.Repeat("a", 41), "-c stack="},
		{"endpoint", "127.0.0.1:4566", "-c endpoint="},
		{"concurrency", -1, "-c concurrency=-1"},
		{"concurrency", "many", "-c concurrency=many"},
		{"throttle", "100", "-c throttle=100"},
		{"throttle", "0/100", "-c throttle=0/100: RATE and BURST must be at least 1"},
		{"deletion_protection", "off", "-c deletion_protection=off"},
		{"webhook_concurrency", 1, "-c webhook_concurrency=1"},
		{"webhook_concurrency", 1001, "-c webhook_concurrency=1001"},
		{"webhook_concurrency", "all", "-c webhook_concurrency=all"},
		{"policy_ttl", "301", "-c policy_ttl=301"},
		{"adopt", "yes", "-c adopt=yes"},
		{"keys_table", "a b", "-c keys_table=a b"},
		{"live", true, "-c live=true"},
		{"edge", "maybe", "-c edge=maybe: must be true or false"},
		{"mcp_origins", "https://app.example.com/x", "-c mcp_origins=https://app.example.com/x: must be origins"},
		{"console", "no", "-c console=no: must be true or false"},
		{"replays", "no", "-c replays=no: must be true or false"},
		{"mcp_origins", "https://*.example.com", "-c mcp_origins=https://*.example.com: must be origins"},
	} {
		_, _, err := readProps(t, map[string]any{c.name: c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("-c %s=%v: got %v, want an error with %q", c.name, c.value, err, c.want)
		}
	}
}

func TestOriginsOfTheMCPServerAreAListThatNeedsTheServer(t *testing.T) {
	list := "https://app.example.com,http://localhost:6274"
	p, _, err := readProps(t, map[string]any{"mcp_origins": list})
	if err != nil || strings.Join(p.MCPOrigins, ",") != list {
		t.Errorf("got %q, %v, want %s", p.MCPOrigins, err, list)
	}
	_, _, err = readProps(t, map[string]any{"contract": "balla", "mcp_origins": list})
	if want := "-c mcp_origins=" + list + ": the contract balla has no MCP server"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestOpenIDSettingsAreAllGivenOrNone(t *testing.T) {
	const secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:login/console-AbC123"
	all := func() map[string]any {
		return map[string]any{"oidc_issuer": "https://login.example.com/realms/a", "oidc_client": "statgate", "oidc_secret": secret}
	}
	p, _, err := readProps(t, all())
	if want := (stack.OpenID{Issuer: "https://login.example.com/realms/a", Client: "statgate", Secret: secret}); err != nil || p.OpenID != want {
		t.Errorf("got %+v, %v, want %+v", p.OpenID, err, want)
	}
	for _, c := range []struct{ name, value, want string }{
		{"oidc_issuer", "", "-c oidc_issuer: must be set, as"},
		{"oidc_client", "", "-c oidc_client: must be set, as"},
		{"oidc_secret", "", "-c oidc_secret: must be set, as"},
		{"oidc_issuer", "http://login.example.com", "-c oidc_issuer=http://login.example.com: must be an https URL"},
		{"oidc_issuer", "login.example.com", "-c oidc_issuer=login.example.com: must be an https URL"},
		{"oidc_issuer", "https://login.example.com?a=b", "must be an https URL without a query"},
		{"oidc_secret", "hunter2", "-c oidc_secret: must be the whole ARN"},
		{"oidc_secret", strings.TrimSuffix(secret, "-AbC123"), "-c oidc_secret: must be the whole ARN"},
		{"oidc_secret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:*", "-c oidc_secret: must be the whole ARN"},
		{"console", "false", "must not be set with console=false"},
	} {
		context := all()
		context[c.name] = c.value
		_, _, err := readProps(t, context)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("-c %s=%s: got %v, want an error with %q", c.name, c.value, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error contains the secret: %v", err)
		}
	}
	// An emulator's provider is on the same machine.
	local := all()
	local["oidc_issuer"], local["endpoint"] = "http://127.0.0.1:9000", "http://127.0.0.1:4566"
	if _, _, err := readProps(t, local); err != nil {
		t.Errorf("on an emulator: %v", err)
	}
}

func TestConsoleIsLeftOutOnDemand(t *testing.T) {
	for value, want := range map[any]bool{true: false, "false": true} {
		p, _, err := readProps(t, map[string]any{"console": value})
		if err != nil || p.Contract.NoConsole != want {
			t.Errorf("-c console=%v: got %v, %v, want %v", value, p.Contract.NoConsole, err, want)
		}
	}
}

func TestReplaysAreDeployedInTheTestEnvironmentOrOnDemand(t *testing.T) {
	for _, c := range []struct {
		given map[string]any
		want  bool
	}{
		{map[string]any{}, false}, {map[string]any{"environment": "test"}, true},
		{map[string]any{"replays": "true"}, true}, {map[string]any{"environment": "test", "replays": "false"}, false},
	} {
		p, _, err := readProps(t, c.given)
		if err != nil || p.Contract.NoReplays == c.want {
			t.Errorf("%v: got no replays %v, %v, want replays %v", c.given, p.Contract.NoReplays, err, c.want)
		}
	}
}

func TestMisspeltSettingIsRefusedAndNamesOfTheCDKAreNot(t *testing.T) {
	for _, name := range []string{"contrct", "webhook-concurrency", "Stack", ""} {
		_, _, err := readProps(t, map[string]any{name: "x"})
		if want := "-c " + name + ": unknown setting: must be one of access_logs, adopt, "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
	if _, _, err := readProps(t, map[string]any{
		"aws:cdk:enable-asset-metadata": true, "@aws-cdk/core:newStyleStackSynthesis": true, "aws-cdk:enableDiffNoFail": "true",
		"availability-zones:account=1:region=us-east-1": []string{"us-east-1a"}, "acknowledged-issue-numbers": []int{1}, "cli-telemetry": false,
	}); err != nil {
		t.Error(err)
	}
}

func TestInvalidContractFailsSynthWithLineAndColumn(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("name: bad\ntitle: Bad\nbase: /v1\nenvironmentz: [live]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "infra")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	context, err := json.Marshal(map[string]string{"contract": bad})
	if err != nil {
		t.Fatal(err)
	}
	synth := exec.Command(binary)
	synth.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+string(context))
	out, err := synth.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit code 1", err)
	}
	output := string(out)
	if !strings.HasPrefix(output, bad+":4:1: ") || !strings.Contains(output, "environmentz") || strings.Contains(output, "goroutine") {
		t.Errorf("got %q, want %s:4:1 and the problem", output, bad)
	}
}
