// Package preset parses, checks and compiles contracts in YAML. The presets of Statgate are
// embedded; an operator's own file works the same way.
//
// Errors give the file, line and column of each problem. Only builds and local servers
// import this package: functions load compiled contracts.
package preset

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"statgate/shared/contract"
)

//go:embed presets/*.yaml
var presets embed.FS

// Names lists the presets.
func Names() []string {
	entries, err := fs.ReadDir(presets, "presets")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	sort.Strings(names)
	return names
}

// Load compiles a preset by name, or a file if the text has a slash or ends in .yaml or .yml.
func Load(nameOrFile string) (*contract.Contract, error) {
	if strings.ContainsAny(nameOrFile, `/\`) || strings.HasSuffix(nameOrFile, ".yaml") || strings.HasSuffix(nameOrFile, ".yml") {
		raw, err := os.ReadFile(nameOrFile)
		if err != nil {
			return nil, fmt.Errorf("reading the contract: %w", err)
		}
		return Compile(nameOrFile, raw)
	}
	raw, err := presets.ReadFile(path.Join("presets", nameOrFile+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("no preset %q: must be one of %s, or a .yaml file", nameOrFile, strings.Join(Names(), ", "))
	}
	return Compile(nameOrFile+".yaml", raw)
}

// Problem is one error in a contract file.
type Problem struct {
	File         string
	Line, Column int // from 1; the beginning of the file if it concerns the whole file
	What         string
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.What)
}

// Compile parses and checks a contract. The error joins all problems, each a [Problem].
func Compile(file string, raw []byte) (*contract.Contract, error) {
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, located(file, err)
	}
	var src source
	if err := decode(raw, &src); err != nil {
		return nil, located(file, err)
	}
	c := &compiler{file: file, tree: tree}
	if c.known, err = loadCatalogue(); err != nil {
		return nil, err
	}
	got := c.compile(src)
	if err := c.form(raw); err != nil {
		return nil, err
	}
	if len(c.problems) > 0 {
		return nil, errors.Join(c.problems...)
	}
	return got, nil
}

// decode recovers from the library's panics on malformed files, so that each of them is
// an error.
func decode(raw []byte, into any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read as a contract: %v", r)
		}
	}()
	return yaml.UnmarshalWithOptions(raw, into, yaml.DisallowUnknownField(), yaml.UseOrderedMap())
}

// located converts the library's error to a [Problem].
func located(file string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) {
		p := Problem{File: file, Line: 1, Column: 1, What: at.GetMessage()}
		if t := at.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
		return p
	}
	return Problem{File: file, Line: 1, Column: 1, What: err.Error()}
}

type compiler struct {
	file     string
	known    Catalogue
	tree     *ast.File
	problems []error
}

// fail adds a problem at the place of the names, or of the longest prefix that exists.
func (c *compiler) fail(at []string, format string, args ...any) {
	p := Problem{File: c.file, Line: 1, Column: 1, What: strings.Join(at, ".") + ": " + fmt.Sprintf(format, args...)}
	for n := len(at); n > 0; n-- {
		if node := find(c.tree, at[:n]); node != nil {
			if t := node.GetToken(); t != nil && t.Position != nil {
				p.Line, p.Column = t.Position.Line, t.Position.Column
			}
			break
		}
	}
	c.problems = append(c.problems, p)
}

// find follows names: keys in maps, and the "name" or the index of items in lists.
func find(tree *ast.File, at []string) ast.Node {
	if len(tree.Docs) == 0 {
		return nil
	}
	var node ast.Node = tree.Docs[0].Body
	for _, name := range at {
		if anchor, ok := node.(*ast.AnchorNode); ok {
			node = anchor.Value
		}
		switch v := node.(type) {
		case *ast.MappingNode:
			node = valueOf(v.Values, name)
		case *ast.MappingValueNode:
			node = valueOf([]*ast.MappingValueNode{v}, name)
		case *ast.SequenceNode:
			node = itemNamed(v, name)
		default:
			return nil
		}
		if node == nil {
			return nil
		}
	}
	return node
}

func valueOf(pairs []*ast.MappingValueNode, name string) ast.Node {
	for _, pair := range pairs {
		if pair.Key.GetToken() != nil && pair.Key.GetToken().Value == name {
			return pair.Value
		}
	}
	return nil
}

// itemNamed returns the name of the item that has it, or the item by its index.
func itemNamed(list *ast.SequenceNode, name string) ast.Node {
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(list.Values) {
		return list.Values[i]
	}
	for _, item := range list.Values {
		if m, ok := item.(*ast.MappingNode); ok {
			if v := valueOf(m.Values, "name"); v != nil && v.GetToken().Value == name {
				return v
			}
		}
	}
	return nil
}
