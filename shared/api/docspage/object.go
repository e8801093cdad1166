package docspage

import (
	"maps"
	"slices"
)

// object is a named object of responses, events and bodies. The page lists each object once,
// and refers to it from the fields and responses that have it.
type object struct {
	Name   string
	Fields []field
}

// refer notes that the page refers to a named schema. It returns "" if the schema has no name
// or no fields, so that it is described where it is used.
func (d *document) refer(s schema, name string) string {
	if name == "" || len(s.Properties) == 0 {
		return ""
	}
	if d.referred == nil {
		d.referred = map[string]bool{}
	}
	d.referred[name] = true
	return name
}

// objects lists the objects that the page refers to, and those that their fields refer to.
func (d *document) objects() []object {
	listed := map[string]object{}
	for len(listed) < len(d.referred) {
		for name := range maps.Clone(d.referred) {
			if _, ok := listed[name]; !ok {
				listed[name] = object{name, d.fields(d.Components.Schemas[name], false)}
			}
		}
	}
	var list []object
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		list = append(list, listed[name])
	}
	return list
}
