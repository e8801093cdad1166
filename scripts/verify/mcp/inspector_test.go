package mcp

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheInspectorCallsEveryTool runs the command that people debug servers with.
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
		v := watch(t, s.Gateway)
		org, _ := s.Org(t, "Inspectors", s.Contract.DefaultPlan, "inspector@club.example")
		_, secret := s.Key(t, org, "Inspector", scopes[s.name]...)
		inspect := func(result any, args ...string) {
			t.Helper()
			out, err := run(t.Context(), "env", append([]string{"HOME=" + p.dir, p.others[0], filepath.Join(p.npm, ".bin", "inspector"), "--cli", v.url + s.path,
				"--transport", "http", "--header", "Authorization: Bearer " + secret}, args...)...)
			if err == nil {
				err = json.Unmarshal([]byte(out), result)
			}
			if err != nil {
				t.Errorf("%s: %q: %s", s.name, args, strings.ReplaceAll(err.Error(), secret, "SECRET"))
			}
		}
		var list toolList
		inspect(&list, "--method", "tools/list")
		if !slices.Equal(list.names(), s.tools) {
			t.Errorf("%s: listed %q, want %q", s.name, list.names(), s.tools)
		}
		for _, name := range s.tools {
			build, ok := questions[name]
			if !ok {
				t.Fatalf("%s: add a good call to the table of mcp_test.go", name)
			}
			q := build(s.facts)
			args := []string{"--method", "tools/call", "--tool-name", name}
			for field, value := range q.arguments {
				raw, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				if text, ok := value.(string); ok {
					raw = []byte(text)
				}
				args = append(args, "--tool-arg", field+"="+string(raw))
			}
			var got toolResult
			if inspect(&got, args...); got.IsError || !strings.Contains(got.text(), q.want) || len(got.StructuredContent) == 0 {
				t.Errorf("%s: %s: got %q, want %q", s.name, name, got.text(), q.want)
			}
		}
	}
}
