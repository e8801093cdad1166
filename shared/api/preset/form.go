package preset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// formSchema is the schema of contract files, compiled once.
var formSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	raw, err := Schema()
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("preset: decoding the schema of contracts: %w", err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("contract.schema.json", doc); err != nil {
		return nil, fmt.Errorf("preset: adding the schema of contracts: %w", err)
	}
	s, err := c.Compile("contract.schema.json")
	if err != nil {
		return nil, fmt.Errorf("preset: compiling the schema of contracts: %w", err)
	}
	return s, nil
})

// form adds the problems that the schema finds at places where no other check found one: the
// others say more.
func (c *compiler) form(raw []byte) error {
	s, err := formSchema()
	if err != nil {
		return err
	}
	var invalid *jsonschema.ValidationError
	switch doc, err := jsonOf(raw); {
	case err != nil:
		c.problems = append(c.problems, located(c.file, err))
		return nil
	case !errors.As(s.Validate(doc), &invalid):
		return nil
	}
	known := map[[2]int]bool{}
	for _, err := range c.problems {
		if p := (Problem{}); errors.As(err, &p) {
			known[[2]int{p.Line, p.Column}] = true
		}
	}
	found := &compiler{file: c.file, tree: c.tree}
	found.leaf(invalid)
	for _, err := range found.problems {
		if p := (Problem{}); errors.As(err, &p) && !known[[2]int{p.Line, p.Column}] {
			c.problems = append(c.problems, p)
		}
	}
	return nil
}

// jsonOf converts YAML to the values of JSON. The library panics on some files.
func jsonOf(raw []byte) (doc any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read as a contract: %v", r)
		}
	}()
	text, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

// leaf adds the innermost causes of an error.
func (c *compiler) leaf(e *jsonschema.ValidationError) {
	for _, cause := range e.Causes {
		c.leaf(cause)
	}
	if len(e.Causes) > 0 {
		return
	}
	at := e.InstanceLocation
	if extra, ok := e.ErrorKind.(*kind.AdditionalProperties); ok && len(extra.Properties) > 0 {
		at = append(at[:len(at):len(at)], extra.Properties[0])
	}
	c.fail(at, "%s", strings.TrimSpace(e.ErrorKind.LocalizedString(message.NewPrinter(language.English))))
}
