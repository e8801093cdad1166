package stack_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/edge"
)

// template is a synthesised template with the findings of cdk-nag.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
	Metadata  map[string]any
	raw       []byte
	findings  []string        // violations without an exception
	excused   map[string]bool // rules with an exception that a resource uses
}

type resource struct {
	Type                string
	Properties          map[string]any
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// of returns the resources of a type, by logical id.
func (t template) of(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	return found
}

var synths = struct {
	sync.Mutex
	done map[string]template
}{done: map[string]template{}}

// presetOf returns the contract of a preset.
func presetOf(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// variants are the deployments that the tests check: the presets, and deployments without
// the edge, on an emulator, with every option, and with a domain.
var variants = map[string]struct {
	preset string
	change func(*stack.Props)
}{
	"statgate":    {"statgate", func(*stack.Props) {}},
	"balla":       {"balla", func(*stack.Props) {}},
	"scorelytics": {"scorelytics", func(*stack.Props) {}},
	"teambattles": {"teambattles", func(*stack.Props) {}},
	"fullengage":  {"fullengage", func(*stack.Props) {}},
	"statgate without an edge": {"statgate", func(p *stack.Props) {
		p.Edge.Deployed = false
	}},
	"statgate on an emulator": {"statgate", func(p *stack.Props) {
		p.Endpoint = "http://127.0.0.1:4566"
	}},
	"statgate without a console or replays": {"statgate", func(p *stack.Props) {
		p.Contract.NoConsole, p.Contract.NoReplays = true, true
	}},
	"statgate with everything": {"statgate", func(p *stack.Props) {
		p.OpenID = stack.OpenID{Issuer: "https://login.example.com", Client: "statgate", Secret: signInSecret}
		p.Edge = stack.Edge{Deployed: true, WAF: true, Domain: "api.example.com",
			Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"}
		p.Watch = stack.Watch{Email: "ops@example.com", BudgetUSD: 50, AccessLogs: true}
		p.Concurrency, p.Rate, p.Burst = 5, 100, 200
		p.MCPOrigins = []string{"https://app.example.com", "http://localhost:6274"}
	}},
	"balla on a domain": {"balla", func(p *stack.Props) {
		p.Edge.Domain, p.Edge.Certificate = "api.example.com", "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"
	}},
}

func eachVariant(t *testing.T, test func(t *testing.T, tmpl template)) {
	t.Helper()
	for name := range variants {
		t.Run(name, func(t *testing.T) { test(t, synthesised(t, name)) })
	}
}

// synthesised returns the template of a variant, which is synthesised once.
func synthesised(t *testing.T, name string) template {
	t.Helper()
	variant, ok := variants[name]
	if !ok {
		t.Fatalf("there is no variant %q", name)
	}
	c := presetOf(t, variant.preset)
	props := stack.Props{Contract: c, Environment: c.Environments[0], Arch: "arm64", Edge: stack.Edge{Deployed: edge.Needed(c)}}
	variant.change(&props)
	return once(t, name, props)
}

// once returns the template of a deployment, which is synthesised once by its name.
func once(t *testing.T, name string, props stack.Props) template {
	t.Helper()
	synths.Lock()
	defer synths.Unlock()
	if _, ok := synths.done[name]; !ok {
		synths.done[name] = synth(t, "Statgate", props)
	}
	return synths.done[name]
}

// synth synthesises a template. The content of the bundles does not affect it, so they are
// small placeholders with a fixed hash.
func synth(t *testing.T, name string, props stack.Props) template {
	t.Helper()
	props.Bundles = bundles(t, props.Contract)
	out := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsii.String(out), AnalyticsReporting: jsii.Bool(false), PostCliContext: stack.Flags(),
	})
	stack.AddChecks(app, stack.New(app, name, props))
	app.Synth(nil)
	raw, err := os.ReadFile(filepath.Join(out, name+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tmpl template
	if err := json.Unmarshal(raw, &tmpl); err != nil {
		t.Fatal(err)
	}
	tmpl.raw = raw
	tmpl.findings, tmpl.excused = findings(t, out, name)
	return tmpl
}

// findings reads cdk-nag's report. It returns the violations without an exception, and the
// rules whose exceptions are used.
func findings(t *testing.T, assembly, name string) (found []string, excused map[string]bool) {
	t.Helper()
	file, err := os.Open(filepath.Join(assembly, "AwsSolutions--"+name+"-NagReport.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 100 {
		t.Errorf("cdk-nag checked %d items, which is not the whole stack", len(rows))
	}
	excused = map[string]bool{}
	for _, row := range rows[1:] {
		switch row[2] {
		case "Compliant":
		case "Suppressed":
			rule, _, _ := strings.Cut(row[0], "[")
			excused[rule] = true
		default:
			found = append(found, strings.Join(row, " | "))
		}
	}
	slices.Sort(found)
	return found, excused
}

func bundles(t *testing.T, c *contract.Contract) map[string]stack.Bundle {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("not run here"), 0o755); err != nil {
		t.Fatal(err)
	}
	all := map[string]stack.Bundle{stack.Authorizer: {Dir: dir, Hash: "authorizer"}}
	for _, r := range api.For(c) {
		all[r.Function] = stack.Bundle{Dir: dir, Hash: r.Function}
	}
	for _, w := range api.WorkersFor(c) {
		all[w.Function] = stack.Bundle{Dir: dir, Hash: w.Function}
	}
	return all
}
