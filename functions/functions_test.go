package functions_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"statgate/functions"
	"statgate/shared/api"
)

func TestEveryRouteHasOneHandler(t *testing.T) {
	t.Parallel()
	handlers := map[string]int{}
	for _, h := range functions.All(functions.Deps{}) {
		handlers[h.Operation]++
	}
	for _, r := range api.Routes {
		if got, want := handlers[r.Operation], 1; got != want {
			t.Errorf("route %s has %d handlers, want %d", r.Operation, got, want)
		}
	}
}

func TestEveryHandlerHasARoute(t *testing.T) {
	t.Parallel()
	for _, h := range functions.All(functions.Deps{}) {
		if _, ok := api.Find(h.Operation); !ok {
			t.Errorf("handler %s has no row in the route table", h.Operation)
		}
		if h.Call == nil || h.Input == nil || h.Output == nil || h.Status < 200 || h.Status > 299 {
			t.Errorf("handler %s lacks a call, a type or a 2xx status", h.Operation)
		}
	}
}

// unlocated maps creations without a Location to the reason.
var unlocated = map[string]string{
	"createToken":       "no operation lists or gets tokens",
	"addMember":         "members are only listed",
	"createApplication": "applications are only listed",
	"createPortalLink":  "a link is shown once, and no operation reads it",
	"visitOrg":          "a visit is only in the audit trail",
}

func TestEveryCreationHasALocationOrIsExcused(t *testing.T) {
	t.Parallel()
	for _, h := range functions.All(functions.Deps{}) {
		if _, excused := unlocated[h.Operation]; excused || h.Status != 201 {
			if h.Created != nil || excused && h.Status != 201 {
				t.Errorf("%s answers %d, but has the Location of %v", h.Operation, h.Status, h.Created)
			}
			continue
		}
		if h.Created == nil {
			t.Errorf("%s answers 201 without a Location: set Made", h.Operation)
			continue
		}
		get, ok := api.Find(h.Created.Get)
		if !ok || get.Method != "GET" || len(get.Params()) != 1 {
			t.Errorf("%s has the Location of %s, which is not a GET by one id", h.Operation, h.Created.Get)
		}
	}
}

func TestEveryFolderIsAFunctionAndViceVersa(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, r := range api.Routes {
		named[r.Function] = true
	}
	for _, w := range api.Workers {
		named[w.Function] = true
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, folder := range folders {
		if !named[folder] {
			t.Errorf("folder %s has no route and no worker", folder)
		}
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Errorf("folder %s has no Go files (%v)", folder, err)
		}
	}
	for function := range named {
		if !slices.Contains(folders, function) {
			t.Errorf("function %s has no folder", function)
		}
	}
}
