package openapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/api/schema"
)

func TestEveryConditionIsDocumented(t *testing.T) {
	t.Parallel()
	for _, condition := range api.Conditions {
		if o := occasions[condition]; o.when == "" || o.message == "" {
			t.Errorf("condition %s has no text: add one to occasions", condition)
		}
	}
	for condition := range occasions {
		if !slices.Contains(api.Conditions, condition) {
			t.Errorf("occasions has an entry for %s, which does not exist", condition)
		}
	}
}

func TestEveryOperationAndFunctionIsDocumented(t *testing.T) {
	t.Parallel()
	for _, r := range api.Routes {
		if r.Unlisted {
			continue
		}
		if prose[r.Operation] == "" {
			t.Errorf("operation %s has no text: add one to prose", r.Operation)
		}
		if !slices.ContainsFunc(functionTags, func(f functionTag) bool { return f.function == r.Function }) {
			t.Errorf("function %s has no tag: add one to functionTags", r.Function)
		}
	}
}

// Texts are keyed by names of operations, types and properties. A rename would leave them
// unused without an error.
func TestTextsNameOnlyOperationsAndPropertiesThatExist(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{keysOf(prose), keysOf(contestProse), keysOf(own), keysOf(rawAnswers)} {
		for _, operation := range list {
			if _, ok := api.Find(operation); !ok {
				t.Errorf("there is a text for operation %s, which does not exist", operation)
			}
		}
	}
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	r := schema.New(prefix, nil)
	for _, h := range functions.All(functions.Deps{Contract: c}) {
		out := h.Output
		if out.Implements(listed) {
			field, _ := out.FieldByName("Data")
			out = field.Type.Elem()
		}
		if out != raw {
			r.Schema(out, true, h.Operation)
		}
	}
	for full, name := range schema.Names {
		if r.Map()[name] == nil {
			t.Errorf("names has %s for %s, which no response contains", name, full)
		}
	}
	for at := range canned {
		object, property, _ := strings.Cut(at, ".")
		if object == "" || strings.HasSuffix(object, "Input") || strings.HasSuffix(object, "List") {
			continue
		}
		if s := r.Map()[object]; s == nil || s.Properties[property] == nil {
			t.Errorf("there is an example for %s, which does not exist", at)
		}
	}
}

// literals returns the string literals of the code that answers requests.
func literals(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, root := range []string{"../../../shared", "../../../functions", "../../../authorizer"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && slices.Contains([]string{"openapi", "docspage", "preset"}, d.Name()) {
				return fs.SkipDir // documents quote messages
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						found = append(found, text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

var placeholder = regexp.MustCompile(`%[a-z]`)

// produces reports whether a literal can be the source of a message. The literal's own text
// must be at least 10 characters and 30 % of the message, so that "%s: %s" is not a source
// of every message. The message can have a field before it and a value after it.
func produces(literal, message string) bool {
	own := len(placeholder.ReplaceAllString(literal, ""))
	if own < 10 || own*10 < len(message)*3 {
		return false
	}
	pattern := placeholder.ReplaceAllLiteralString(regexp.QuoteMeta(literal), ".+")
	if strings.HasSuffix(literal, " ") {
		pattern += ".+" // the code appends a value
	}
	return regexp.MustCompile(`^([a-z_]+: ([a-z]+ )?)?` + pattern + `(, got ".*")?$`).MatchString(message)
}

func TestExampleMessagesAreMessagesOfTheCode(t *testing.T) {
	t.Parallel()
	all := literals(t)
	for condition, o := range occasions {
		if condition == api.NotFound {
			continue // real messages say what was not found: "no such league"
		}
		if !slices.ContainsFunc(all, func(literal string) bool { return produces(literal, o.message) }) {
			t.Errorf("%s: no code returns the example message %q", condition, o.message)
		}
	}
}

func keysOf[V any](m map[string]V) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}
