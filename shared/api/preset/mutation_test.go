package preset_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/api/view"
	"statgate/shared/contract"
)

// usable fails unless a contract that was accepted can be served and, with document, described.
func usable(t *testing.T, c *contract.Contract, document bool) {
	t.Helper()
	handlers := functions.All(functions.Deps{Contract: c})
	var answers []reflect.Type
	for _, r := range api.For(c) {
		i := slices.IndexFunc(handlers, func(h api.Handler) bool { return h.Operation == r.Operation })
		if _, err := bind.New(c, r, handlers[i]); err != nil {
			t.Errorf("%s: %v", r.Operation, err)
		}
		answers = append(answers, handlers[i].Output)
	}
	if _, err := view.New(c, answers...); err != nil {
		t.Errorf("views: %v", err)
	}
	if len(api.GatewayResponses(c)) == 0 || len(api.Mocks(c, "")) == 0 {
		t.Errorf("API Gateway gets no responses")
	}
	if !document {
		return
	}
	raw, err := openapi.Document(c, handlers, "")
	if err != nil {
		t.Fatalf("document: %v", err)
	}
	if _, err := openapi.Check(raw); err != nil {
		t.Errorf("document: %v", err)
	}
}

// placed fails unless each problem of an error has a line and a column of the file.
func placed(t *testing.T, raw []byte, err error) {
	t.Helper()
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	lines := strings.Count(string(raw), "\n") + 1
	for _, one := range all {
		var p preset.Problem
		if !errors.As(one, &p) || p.Line < 1 || p.Column < 1 || p.Line > lines+1 || p.What == "" {
			t.Errorf("%v has no place in the file of %d lines", one, lines)
		}
	}
}

// mutant is one changed contract file.
type mutant struct {
	what string
	tree any
}

// mutants returns the value with one change at each of its nodes.
func mutants(at string, v any) []mutant {
	var all []mutant
	add := func(what string, tree any) { all = append(all, mutant{at + ": " + what, tree}) }
	for _, other := range []any{5, -1, "x", "", true, []any{}, []any{"a", 1}, yaml.MapSlice{}, nil, 1.5, "\u202e", strings.Repeat("x", 300)} {
		add(fmt.Sprintf("becomes %.20q", fmt.Sprint(other)), other)
	}
	switch v := v.(type) {
	case yaml.MapSlice:
		all = append(all, mapMutants(at, v)...)
	case []any:
		for i, item := range v {
			add(fmt.Sprintf("without item %d", i), slices.Delete(slices.Clone(v), i, i+1))
			add(fmt.Sprintf("item %d twice", i), append(slices.Clone(v), item))
			for _, m := range mutants(fmt.Sprintf("%s[%d]", at, i), item) {
				changed := slices.Clone(v)
				changed[i] = m.tree
				all = append(all, mutant{m.what, changed})
			}
		}
	}
	return all
}

func mapMutants(at string, v yaml.MapSlice) []mutant {
	var all []mutant
	add := func(what string, tree any) { all = append(all, mutant{at + ": " + what, tree}) }
	for i, item := range v {
		name := fmt.Sprint(item.Key)
		add("without "+name, slices.Delete(slices.Clone(v), i, i+1))
		for _, to := range []string{name + "x", "", "limit", "a b", "id"} {
			renamed := slices.Clone(v)
			renamed[i].Key = to
			add(fmt.Sprintf("%s is called %q", name, to), renamed)
		}
		next := (i + 1) % len(v)
		swapped := slices.Clone(v)
		swapped[i].Value, swapped[next].Value = v[next].Value, v[i].Value
		add(fmt.Sprintf("%s and %v swapped", name, v[next].Key), swapped)
		copied := slices.Clone(v)
		copied[i].Value = v[next].Value
		add(fmt.Sprintf("%s is a copy of %v", name, v[next].Key), copied)
		for _, m := range mutants(at+"."+name, item.Value) {
			changed := slices.Clone(v)
			changed[i].Value = m.tree
			all = append(all, mutant{m.what, changed})
		}
	}
	return all
}

func TestEveryChangeOfAPresetIsRefusedWithItsPlaceOrCanBeServed(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		raw, err := os.ReadFile("presets/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var tree yaml.MapSlice
		if err := yaml.UnmarshalWithOptions(raw, &tree, yaml.UseOrderedMap()); err != nil {
			t.Fatal(err)
		}
		refused, served := 0, 0
		for i, m := range mutants(name, tree) {
			if i%stride != 0 {
				continue
			}
			text, err := yaml.Marshal(m.tree)
			if err != nil {
				t.Fatalf("%s: %v", m.what, err)
			}
			c, err := preset.Compile("x.yaml", text)
			if err != nil {
				refused++
				placed(t, text, err)
				continue
			}
			served++
			if stride == 1 {
				t.Log("served:", m.what)
			}
			usable(t, c, i%sampled == 0)
			if t.Failed() {
				t.Fatalf("%s is accepted:\n%s", m.what, text)
			}
		}
		t.Logf("%s: %d refused, %d served", name, refused, served)
	}
}

// stride: the test takes each eleventh change, and so every kind of change at places all over the
// file. STATGATE_MUTATIONS=1 takes all, which takes minutes.
var stride = map[bool]int{true: 1, false: 11}[os.Getenv("STATGATE_MUTATIONS") != ""]

// sampled: a document takes a thousand times as long as a refusal, so not every accepted file
// gets one.
const sampled = 25
