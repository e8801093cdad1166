package main

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/preset"
	"statgate/shared/api/view"
	"statgate/shared/feed/webhooks"
)

// cataloguePage returns the inputs and objects of all operations as JSON, against which
// package preset checks the names and views of contracts: it may not import the handlers.
func cataloguePage() ([]byte, error) {
	c := preset.Catalogue{Inputs: map[string][]string{}, Objects: map[string]preset.Object{}}
	for _, h := range functions.All(functions.Deps{}) {
		route, ok := api.Find(h.Operation)
		if !ok {
			return nil, fmt.Errorf("%s is not in the route table", h.Operation)
		}
		c.Inputs[h.Operation] = []string{}
		for _, f := range reflect.VisibleFields(h.Input) {
			if name := bind.FieldName(f); name != "" && !slices.Contains(route.Params(), name) {
				c.Inputs[h.Operation] = append(c.Inputs[h.Operation], name)
			}
		}
		slices.Sort(c.Inputs[h.Operation])
		addObjects(c.Objects, h.Output)
		for _, kind := range h.Events {
			c.Events = append(c.Events, kind.Type)
			addObjects(c.Objects, kind.Data)
		}
	}
	addObjects(c.Objects, reflect.TypeFor[webhooks.WebhookTest]())
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the catalogue: %w", err)
	}
	return append(raw, '\n'), nil
}

// addObjects adds a type and the types of its fields, and returns the kind of the type.
func addObjects(objects map[string]preset.Object, t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Slice:
		addObjects(objects, t.Elem())
		return "list"
	case reflect.Struct:
	default:
		return "other"
	}
	if strings.HasPrefix(t.Name(), "List[") {
		data, _ := t.FieldByName("Data")
		return addObjects(objects, data.Type)
	}
	name := path.Base(t.PkgPath()) + "." + t.Name()
	if _, done := objects[name]; done || t.PkgPath() == "time" || t.Name() == "" {
		return name
	}
	fields := map[string]string{}
	objects[name] = preset.Object{View: view.Name(t), Fields: fields}
	for _, f := range reflect.VisibleFields(t) {
		field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if field == "" || field == "-" {
			field = f.Tag.Get("view")
		}
		if f.IsExported() && field != "" {
			fields[field] = addObjects(objects, f.Type)
		}
	}
	return name
}
