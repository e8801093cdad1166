package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"statgate/shared/api"
)

// pkg is one package of this module, with its direct imports and all dependencies.
type pkg struct {
	path          string // relative to the module: "shared/api"
	imports, deps []string
}

const module = "statgate/"

// packages lists this module once for all tests.
var packages = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-tags", "lambda.norpc", "-f", `{{.ImportPath}}|{{join .Imports " "}}|{{join .Deps " "}}`, "./...")
	cmd.Dir = "../.."
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		failed.WriteTo(os.Stderr)
		return nil, err
	}
	var all []pkg
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		parts := strings.Split(line, "|")
		all = append(all, pkg{strings.TrimPrefix(parts[0], module), strings.Fields(parts[1]), strings.Fields(parts[2])})
	}
	return all, nil
})

func listed(t *testing.T) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func within(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return path == f || strings.HasPrefix(path, strings.TrimSuffix(f, "/")+"/")
	})
}

// refuse fails for each of names that is in one of the folders.
func refuse(t *testing.T, p pkg, names []string, why string, folders ...string) {
	t.Helper()
	for _, name := range names {
		if within(name, folders...) {
			t.Errorf("%s imports %s: %s", p.path, name, why)
		}
	}
}

// layers lists the groups of packages from the lowest to the highest. A package
// imports packages of its own group and of lower layers only. Groups on the same
// layer do not import each other.
var layers = [][]string{
	{"shared/retry"},
	{"shared/contract", "shared/table", "shared/ids", "shared/telemetry", "shared/humantext"},
	{"shared/api"},
	{"shared/access"},
	{"shared/stats"},
	{"shared/sources", "shared/feed"},
	{"shared/platform"},
	{"functions", "authorizer"},
	{"shared/platform/gateway"},
	{"shared/platform/deployment"},
}

// groupOf returns the group of a package and its layer. The longest matching path
// wins; ok is false for packages outside the groups (infra, scripts, events).
func groupOf(path string) (group string, layer int, ok bool) {
	for i, groups := range layers {
		for _, g := range groups {
			if within(path, g) && len(g) > len(group) {
				group, layer, ok = g, i, true
			}
		}
	}
	return group, layer, ok
}

func forTests(path string) bool { return strings.HasSuffix(path, "test") }

func TestFunctionsImportNoCDKAndNoYAML(t *testing.T) {
	for _, p := range listed(t) {
		if strings.HasSuffix(p.path, "/bootstrap") {
			refuse(t, p, p.deps, "a function must contain only what it runs",
				"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/cdklabs", "github.com/goccy/go-yaml", "github.com/spf13",
				module+"shared/api/preset", module+"shared/api/openapi", module+"shared/table/local", module+"infra", module+"scripts")
		}
	}
}

func TestAuthorizerImportsNoBindingAndNoOpenAPI(t *testing.T) {
	for _, p := range listed(t) {
		if within(p.path, "authorizer") && !forTests(p.path) {
			refuse(t, p, p.deps, "the authorizer must not bind input",
				"github.com/danielgtaylor/huma/v2", module+"shared/api/bind", module+"shared/platform/serve", module+"shared/api/openapi", module+"functions")
		}
	}
}

func TestDomainPackagesImportNoAWSSDK(t *testing.T) {
	engines := []string{"shared/table/dynamo", "shared/table/dynamolocal", "shared/platform/boot", "shared/platform/outputs", "infra", "scripts"}
	for _, p := range listed(t) {
		if within(p.path, engines...) || strings.HasSuffix(p.path, "/bootstrap") || forTests(p.path) {
			continue
		}
		refuse(t, p, p.deps, "domain code must use shared/table", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go")
	}
}

func TestInfraImportsOnlyRoutesContractTableNamesEdgeAndMetrics(t *testing.T) {
	allowed := []string{"infra", "shared/api", "shared/contract", "shared/humantext", "shared/table", "shared/retry", "shared/platform/edge", "shared/access/transport", "shared/telemetry"}
	for _, p := range listed(t) {
		if !within(p.path, "infra") {
			continue
		}
		for _, name := range p.deps {
			ours, is := strings.CutPrefix(name, module)
			if is && (!within(ours, allowed...) || within(ours, "shared/api/bind", "shared/platform/serve", "shared/api/openapi", "shared/table/dynamo", "shared/table/local")) {
				t.Errorf("%s imports %s", p.path, name)
			}
		}
	}
}

func TestNoGroupImportsAGroupAboveIt(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range listed(t) {
		group, layer, ok := groupOf(p.path)
		if within(p.path, "shared") && !ok {
			t.Errorf("%s is in no group: add it to one in layers", p.path)
		}
		if !ok || forTests(p.path) {
			continue
		}
		seen[group] = true
		for _, name := range p.imports {
			ours, is := strings.CutPrefix(name, module)
			if !is {
				continue
			}
			toGroup, toLayer, known := groupOf(ours)
			if !known || toGroup != group && toLayer >= layer {
				t.Errorf("%s imports %s: %s must not import %s", p.path, ours, group, ours)
			}
		}
	}
	for _, groups := range layers {
		for _, g := range groups {
			if !seen[g] {
				t.Errorf("group %s has no package", g)
			}
		}
	}
}

func TestNoFunctionImportsAnother(t *testing.T) {
	for _, p := range listed(t) {
		name, in := strings.CutPrefix(p.path, "functions/")
		if !in {
			continue
		}
		name, _, _ = strings.Cut(name, "/")
		for _, imported := range p.imports {
			ours, is := strings.CutPrefix(imported, module)
			if is && (within(ours, "authorizer") || within(ours, "functions") && !within(ours, "functions/"+name)) {
				t.Errorf("%s imports %s", p.path, ours)
			}
		}
	}
}

// TestOnlyTheMCPFunctionLinksTheMCPSDK holds because the SDK would add about 3 MB to the
// archive of every function, which clients wait for at a cold start.
func TestOnlyTheMCPFunctionLinksTheMCPSDK(t *testing.T) {
	const sdk, linked = "github.com/modelcontextprotocol/go-sdk", "functions/mcp/bootstrap"
	for _, p := range listed(t) {
		if p.path == linked && !slices.ContainsFunc(p.deps, func(name string) bool { return within(name, sdk) }) {
			t.Errorf("%s does not link %s: this test checks nothing", linked, sdk)
		}
		if strings.HasSuffix(p.path, "/bootstrap") && p.path != linked || within(p.path, "authorizer") && !forTests(p.path) {
			refuse(t, p, p.deps, "only the function mcp may link the MCP SDK", sdk)
		}
		if !within(p.path, "functions/mcp", "scripts/verify") && !forTests(p.path) {
			refuse(t, p, p.imports, "only the function mcp may use the MCP SDK", sdk)
		}
	}
}

// TestOnlyTheConsoleLinksOpenIDConnect holds because no other function signs people in, and all
// are downloaded at a cold start.
func TestOnlyTheConsoleLinksOpenIDConnect(t *testing.T) {
	const library, linked = "github.com/coreos/go-oidc", "functions/console/bootstrap"
	for _, p := range listed(t) {
		links := slices.ContainsFunc(p.deps, func(name string) bool { return within(name, library) })
		deployed := strings.HasSuffix(p.path, "/bootstrap") || within(p.path, "authorizer") && !forTests(p.path)
		if deployed && links != (p.path == linked) {
			t.Errorf("%s links %s: %t, want it in %s alone", p.path, library, links, linked)
		}
		if !within(p.path, "functions/console/openid") {
			refuse(t, p, p.imports, "only functions/console/openid may use it", library)
		}
	}
}

func TestEveryFunctionHasABootstrapOfAtMost25Lines(t *testing.T) {
	folders := map[string]bool{"authorizer": true}
	for _, r := range api.Routes {
		folders["functions/"+r.Function] = true
	}
	for _, w := range api.Workers {
		folders["functions/"+w.Function] = true
	}
	for folder := range folders {
		raw, err := os.ReadFile(filepath.Join("../..", folder, "bootstrap", "main.go"))
		if err != nil {
			t.Errorf("%s has no bootstrap: %v", folder, err)
			continue
		}
		if got, most := bytes.Count(raw, []byte("\n")), 25; got > most {
			t.Errorf("%s/bootstrap/main.go has %d lines, want at most %d", folder, got, most)
		}
	}
}
