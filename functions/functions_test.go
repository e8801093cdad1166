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
			t.Errorf("handler %s lacks a call, a type or a status of success", h.Operation)
		}
	}
}

// unlocated are creations of what no operation gets, with the reason.
var unlocated = map[string]string{
	"createToken":       "nothing lists or gets tokens",
	"addMember":         "members are listed, and not got one by one",
	"createApplication": "applications are listed, and not got one by one",
}

func TestEveryCreationSaysWhereToGetWhatItMadeOrThatNothingDoes(t *testing.T) {
	t.Parallel()
	for _, h := range functions.All(functions.Deps{}) {
		if _, excused := unlocated[h.Operation]; excused || h.Status != 201 {
			if h.Made != nil || excused && h.Status != 201 {
				t.Errorf("%s answers %d and is said to make what %v gets", h.Operation, h.Status, h.Made)
			}
			continue
		}
		if h.Made == nil {
			t.Errorf("%s answers 201 and does not say what gets what it made", h.Operation)
			continue
		}
		get, ok := api.Find(h.Made.Get)
		if !ok || get.Method != "GET" || len(get.Params()) != 1 {
			t.Errorf("%s is got by %s, which is no GET by one id", h.Operation, h.Made.Get)
		}
	}
}

func TestEveryFolderIsAFunctionAndEveryFunctionAFolder(t *testing.T) {
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
			t.Errorf("folder %s is the function of no route and no worker", folder)
		}
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Errorf("folder %s holds no code (%v)", folder, err)
		}
	}
	for function := range named {
		if !slices.Contains(folders, function) {
			t.Errorf("function %s has no folder", function)
		}
	}
}
