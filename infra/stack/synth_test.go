package stack_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/contract/preset"
)

// template is what CloudFormation gets.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
	raw       []byte
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

// synthesised returns the template of a preset, made once.
func synthesised(t *testing.T, name string) template {
	t.Helper()
	synths.Lock()
	defer synths.Unlock()
	if done, ok := synths.done[name]; ok {
		return done
	}
	c := presetOf(t, name)
	done := synth(t, "Statgate", stack.Props{Contract: c, Environment: c.Environments[0], Arch: "arm64"})
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
	stack.New(app, name, props)
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
	return made
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
	return made
}
