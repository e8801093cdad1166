package mcp

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inspector is the command with which people debug servers.
type inspector struct {
	*places
	url, secret string
}

// inspect runs the command and decodes its result.
func (i inspector) inspect(t *testing.T, result any, args ...string) {
	t.Helper()
	out, err := run(t.Context(), "env", append([]string{"HOME=" + i.dir, i.others[0], filepath.Join(i.npm, ".bin", "inspector"), "--cli", i.url,
		"--transport", "http", "--header", "Authorization: Bearer " + i.secret}, args...)...)
	if err == nil {
		err = json.Unmarshal([]byte(out), result)
	}
	if err != nil {
		t.Errorf("%q: %s", args, strings.ReplaceAll(err.Error(), i.secret, "SECRET"))
	}
}

func TestTheInspectorCallsEveryTool(t *testing.T) {
	t.Parallel()
	if !everything {
		t.Skip("make mcp runs the inspector")
	}
	p, err := install(t.Context(), "suites", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sites(t) {
		org, _ := s.Org(t, "Inspectors", s.Contract.DefaultPlan, "inspector@club.example")
		_, secret := s.Key(t, org, "Inspector", scopes[s.name]...)
		i := inspector{p, watch(t, s.Gateway).url + s.path, secret}
		var list toolList
		i.inspect(t, &list, "--method", "tools/list")
		if !slices.Equal(list.names(), s.tools) {
			t.Errorf("%s: listed %q, want %q", s.name, list.names(), s.tools)
		}
		for _, name := range s.tools {
			build, ok := questions[name]
			if !ok {
				t.Fatalf("%s: add a good call to the table of mcp_test.go", name)
			}
			q := build(s.facts)
			var got toolResult
			i.inspect(t, &got, append([]string{"--method", "tools/call", "--tool-name", name}, pairs(t, q.arguments)...)...)
			if got.IsError || !strings.Contains(got.text(), q.want) || len(got.StructuredContent) == 0 {
				t.Errorf("%s: %s: got %q, want %q", s.name, name, got.text(), q.want)
			}
		}
	}
}

// pairs returns arguments as options of the command.
func pairs(t *testing.T, arguments map[string]any) []string {
	t.Helper()
	var options []string
	for field, value := range arguments {
		text, ok := value.(string)
		if !ok {
			raw, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		options = append(options, "--tool-arg", field+"="+text)
	}
	return options
}
