package importer

import (
	"fmt"
	"reflect"

	"statgate/shared/humantext"
	"statgate/shared/sources/openfootball"
)

// cleanSeasons cleans all texts of the rows. Every source's rows pass here before they are
// stored.
func (im *run) cleanSeasons(seasons []season) {
	for i := range seasons {
		s := &seasons[i]
		im.clean(openfootball.Problem{File: s.league + " " + s.id}, &s.name)
		for n := range s.rows {
			im.clean(s.rows[n].at, &s.rows[n].match)
			im.clean(s.rows[n].at, s.rows[n].report)
		}
	}
}

// clean cleans each text of a value that a source states, and notes each from which it
// removed characters. The value is a pointer.
func (im *run) clean(at openfootball.Problem, value any) {
	im.cleanValue(at, reflect.ValueOf(value))
}

func (im *run) cleanValue(at openfootball.Problem, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			im.cleanValue(at, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			im.cleanValue(at, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				im.cleanValue(at, v.Field(i))
			}
		}
	case reflect.String:
		if v.String() == "" || !v.CanSet() {
			return
		}
		clean, changed := humantext.Clean(v.String())
		if changed {
			at.Message = fmt.Sprintf("characters that are not allowed were removed; imported as %q", clean)
			im.report.Notes = append(im.report.Notes, at.String())
		}
		if clean != v.String() { // sources share lists of constants
			v.SetString(clean)
		}
	}
}
