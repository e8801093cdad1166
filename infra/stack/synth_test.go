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

// template is what CloudFormation gets.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
	Metadata  map[string]any
	raw       []byte
	findings  []string        // of cdk-nag, without a reason
	excused   map[string]bool // its rules that the stack has a reason to break, and does
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

// presetOf is a preset's contract; the tests are about the two that are complete.
func presetOf(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// variants are the deployments that the tests look at: the presets as they come,
// without the edge, on an emulator, and with everything that can be asked for.
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
	"statgate with everything": {"statgate", func(p *stack.Props) {
		p.Edge = stack.Edge{Deployed: true, WAF: true, Domain: "api.example.com",
			Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"}
		p.Watch = stack.Watch{Email: "ops@example.com", BudgetUSD: 50, AccessLogs: true}
		p.Concurrency, p.Rate, p.Burst = 5, 100, 200
	}},
	"balla on a domain": {"balla", func(p *stack.Props) {
		p.Edge.Domain, p.Edge.Certificate = "api.example.com", "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"
	}},
}

func eachVariant(t *testing.T, test func(t *testing.T, made template)) {
	t.Helper()
	for name := range variants {
		t.Run(name, func(t *testing.T) { test(t, synthesised(t, name)) })
	}
}

// synthesised returns the template of a variant, made once.
func synthesised(t *testing.T, name string) template {
	t.Helper()
	synths.Lock()
	defer synths.Unlock()
	if done, ok := synths.done[name]; ok {
		return done
	}
	variant, ok := variants[name]
	if !ok {
		t.Fatalf("there is no variant %q", name)
	}
	c := presetOf(t, variant.preset)
	props := stack.Props{Contract: c, Environment: c.Environments[0], Arch: "arm64", Edge: stack.Edge{Deployed: edge.Needed(c)}}
	variant.change(&props)
	done := synth(t, "Statgate", props)
	synths.done[name] = done
	return done
}

// synth makes a template. What is packaged does not show in it, so that the
// bundles are small stand-ins with a fixed hash.
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
	var made template
	if err := json.Unmarshal(raw, &made); err != nil {
		t.Fatal(err)
	}
	made.raw = raw
	made.findings, made.excused = findings(t, out, name)
	return made
}

// findings reads from cdk-nag's report what is neither as a rule has it nor an
// exception with its reason, and of which rules there are exceptions.
func findings(t *testing.T, assembly, name string) (found []string, excused map[string]bool) {
	t.Helper()
	file, err := os.Open(filepath.Join(assembly, "AwsSolutions-"+name+"-NagReport.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 100 {
		t.Errorf("cdk-nag looked at %d things; it has not seen the stack", len(rows))
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
	made := map[string]stack.Bundle{stack.Authorizer: {Dir: dir, Hash: "authorizer"}}
	for _, r := range api.For(c) {
		made[r.Function] = stack.Bundle{Dir: dir, Hash: r.Function}
	}
	for _, w := range api.WorkersFor(c) {
		made[w.Function] = stack.Bundle{Dir: dir, Hash: w.Function}
	}
	return made
}
