package bind

import (
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"statgate/shared/api"
)

// checkValues checks what the library does not: it refuses null where the schema has no
// null, and times that are not written as in RFC 3339.
func (b *Binder) checkValues(values map[string]any, wrong map[string][]string) {
	for name, v := range values {
		if s := b.schema.Properties[name]; s != nil {
			b.checkValue(name, s, v, wrong)
		}
	}
}

func (b *Binder) checkValue(at string, s *huma.Schema, v any, wrong map[string][]string) {
	for s.Ref != "" {
		s = b.registry.SchemaFromRef(s.Ref)
	}
	if len(wrong[at]) > 0 {
		return // one problem of a value is enough
	}
	switch v := v.(type) {
	case nil:
		if !s.Nullable || s.Type == huma.TypeArray { // the library marks every list as nullable; documents do not
			wrong[at] = []string{"must not be null"}
		}
	case string:
		if s.Format == "date-time" {
			if problem := problemOfTime(v); problem != "" {
				wrong[at] = []string{problem}
			}
		}
	case []any:
		for i := range v {
			if s.Items != nil {
				b.checkValue(at+"["+strconv.Itoa(i)+"]", s.Items, v[i], wrong)
			}
		}
	case map[string]any:
		for name := range v {
			if p := s.Properties[name]; p != nil {
				b.checkValue(at+"."+name, p, v[name], wrong)
			}
		}
	}
}

func problemOfTime(text string) string {
	at, err := api.ParseTime(text)
	switch {
	case err != nil:
		return validation.MsgExpectedRFC3339DateTime
	case !api.Writable(at):
		return "year must be 0000–9999 in UTC"
	}
	return ""
}
