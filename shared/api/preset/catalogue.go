package preset

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Catalogue has what contracts name of the handlers. "make docs" writes it.
type Catalogue struct {
	Events  []string            `json:"events"`  // types that webhooks can receive
	Inputs  map[string][]string `json:"inputs"`  // by operation; without path parameters
	Objects map[string]Object   `json:"objects"` // by Go type
}

// Object is a type of responses.
type Object struct {
	View string `json:"view"` // name of its view
	// Fields are the kinds of its fields: text, list, other, or the name of an object.
	Fields map[string]string `json:"fields"`
}

//go:embed catalogue.json
var catalogueJSON []byte

func loadCatalogue() (Catalogue, error) {
	var known Catalogue
	if err := json.Unmarshal(catalogueJSON, &known); err != nil {
		return known, fmt.Errorf("preset: decoding the catalogue: %w", err)
	}
	return known, nil
}

// paged reports whether an operation is a list with pages.
func (k Catalogue) paged(operation string) bool {
	return slices.Contains(k.Inputs[operation], "limit") && slices.Contains(k.Inputs[operation], "cursor")
}

// pageNames are the parameters of pages. No input may take their names.
var pageNames = []string{"limit", "cursor", "page", "offset"}

// names checks the names that a contract gives to the inputs of an operation. A new name must
// differ from the path parameters, from the names of pages, from the credential in the query,
// and from every own and new name of another input: else one request could mean two things.
func (c *compiler) names(at []string, route api.Route, style string, names map[string]string) {
	inputs := slices.Clone(c.known.Inputs[route.Operation])
	if c.known.paged(route.Operation) && style != "cursor" {
		inputs = append(slices.DeleteFunc(inputs, func(n string) bool { return n == "cursor" }), style)
	}
	taken := slices.Concat(inputs, route.Params(), pageNames, []string{contract.Query})
	for _, ours := range sortedKeys(names) {
		theirs, place := names[ours], append(slices.Clone(at), "names", ours)
		switch {
		case !slices.Contains(inputs, ours):
			c.fail(place, "must be a query parameter or field of %s, one of %s", route.Operation, strings.Join(inputs, ", "))
		case !inputForm.MatchString(theirs):
			c.fail(place, "must be 1–64 letters, digits, _ and -, beginning with a letter, got %q", theirs)
		case theirs != ours && slices.Contains(taken, theirs):
			c.fail(place, "%q is already the name of an input, a path parameter or a parameter of pages", theirs)
		}
		if theirs != ours {
			taken = append(taken, theirs)
		}
	}
}

// viewed checks a view against the objects that have it.
func (c *compiler) viewed(name string, n *contract.Node) {
	at, found := []string{"shapes", "views", name}, false
	for _, object := range sortedKeys(c.known.Objects) {
		if c.known.Objects[object].View == name {
			found = true
			if n != nil {
				c.viewNode(at, object, n)
			}
		}
	}
	if !found {
		c.fail(at, "no object of the responses has this name")
	}
}

func (c *compiler) viewNode(at []string, object string, n *contract.Node) {
	for _, f := range n.Fields {
		place := append(slices.Clone(at), f.Name)
		if f.Node.Path == "" {
			c.viewNode(place, object, f.Node)
			continue
		}
		kind := object
		for _, name := range strings.Split(f.Node.Path, ".") {
			next, ok := c.known.Objects[kind].Fields[name]
			if !ok {
				c.fail(place, "path %q: %s has no field %q", f.Node.Path, kind, name)
				return
			}
			kind = next
		}
		if problem := formatProblem(f.Node, kind); problem != "" {
			c.fail(place, "%s", problem)
		}
	}
}

// formatProblem says why a format does not fit a value of the kind, "" if it does.
func formatProblem(n *contract.Node, kind string) string {
	switch {
	case n.Format == "":
		return ""
	case n.Format == "epoch_ms" && len(n.Args) > 0:
		return "format epoch_ms has no arguments"
	case n.Format == "epoch_ms" && kind != "time.Time":
		return fmt.Sprintf("format epoch_ms requires a time, which %q is not", n.Path)
	case n.Format == "epoch_ms":
		return ""
	case kind != "text":
		return fmt.Sprintf("format %s requires text, which %q is not", n.Format, n.Path)
	case n.Format == "epoch" && len(n.Args) > 0:
		return "format epoch has no arguments"
	case n.Format == "replace" && len(n.Args) != 2:
		return "format replace requires two arguments: the old and the new text"
	case n.Format != "code":
		return ""
	case len(n.Args) == 0:
		return "format code requires pairs such as live=2"
	}
	for i, arg := range n.Args {
		text, number, ok := strings.Cut(arg, "=")
		if _, err := strconv.ParseInt(number, 10, 32); !ok || err != nil || text == "" {
			return fmt.Sprintf("format code requires pairs such as live=2, got %q", arg)
		}
		if slices.ContainsFunc(n.Args[:i], func(other string) bool { return strings.HasPrefix(other, text+"=") }) {
			return fmt.Sprintf("format code has %q twice", text)
		}
	}
	return ""
}
