package main

import (
	"encoding/json"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
)

func TestWhatADeploymentMayLackIsFoundInItsDocument(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"", api.Console, api.Replays} {
		deployed, err := preset.Load("statgate")
		if err != nil {
			t.Fatal(err)
		}
		deployed.NoConsole, deployed.NoReplays = without == api.Console, without == api.Replays
		paths := map[string]map[string]any{}
		for _, r := range api.Documented(deployed) {
			if paths[r.Path] == nil {
				paths[r.Path] = map[string]any{}
			}
			paths[r.Path][strings.ToLower(r.Method)] = map[string]any{}
		}
		document, err := json.Marshal(map[string]any{"paths": paths})
		if err != nil {
			t.Fatal(err)
		}
		c, err := preset.Load("statgate")
		if err != nil {
			t.Fatal(err)
		}
		for _, function := range []string{api.Console, api.Replays} {
			if got, want := lacks(document, c, function), function == without; got != want {
				t.Errorf("a deployment without %q: %s is missing: %v, want %v", without, function, got, want)
			}
		}
		if lacks([]byte(`{}`), c, api.Console) || lacks([]byte(`no document`), c, api.Console) {
			t.Error("without a document, nothing is left out")
		}
	}
}
