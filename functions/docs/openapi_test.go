package docs_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"statgate/functions"
	"statgate/functions/docs"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
)

func TestDocumentOfAStageNamesTheStageAsServerAndDiffersInNothingElse(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		built, err := openapi.Document(c, functions.All(functions.Deps{Contract: c}), "")
		if err != nil {
			t.Fatal(err)
		}
		for stage, want := range map[string]string{"": "/", "/live": "/live"} {
			located, err := docs.Located(built, stage)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, before := decoded(t, located), decoded(t, built)
			server, _ := got["servers"].([]any)[0].(map[string]any)
			if server["url"] != want {
				t.Errorf("%s: got server %v, want %s", name, server["url"], want)
			}
			delete(got, "servers")
			delete(before, "servers")
			if !reflect.DeepEqual(got, before) {
				t.Errorf("%s: the document differs in more than its server", name)
			}
		}
	}
	if _, err := docs.Located([]byte("{}"), "/live"); err == nil {
		t.Error("a document without a server was accepted")
	}
}

func decoded(t *testing.T, document []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
