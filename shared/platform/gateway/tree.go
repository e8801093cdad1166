package gateway

import (
	"net/url"
	"strings"

	"statgate/shared/api"
)

// tree finds resources by path segments. A literal segment takes precedence over a
// parameter, as in API Gateway.
type tree struct {
	children map[string]*tree
	param    string               // name of the parameter that wildcard matches
	wildcard *tree                // child for a parameter
	path     string               // the resource's path, "" if the node is not a resource
	methods  map[string]api.Route // by method
}

func newTree(routes []api.Route) *tree {
	root := &tree{}
	for _, r := range routes {
		at := root
		for _, part := range segments(r.Path) {
			at = at.child(part)
		}
		if at.methods == nil {
			at.path, at.methods = r.Path, map[string]api.Route{}
		}
		for _, method := range r.Methods() {
			at.methods[method] = r
		}
	}
	return root
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func (t *tree) child(part string) *tree {
	if strings.HasPrefix(part, "{") {
		if t.wildcard == nil {
			t.wildcard, t.param = &tree{}, strings.Trim(part, "{}")
		}
		return t.wildcard
	}
	if t.children == nil {
		t.children = map[string]*tree{}
	}
	if t.children[part] == nil {
		t.children[part] = &tree{}
	}
	return t.children[part]
}

// find returns the methods, resource path and parameters of an escaped path. The
// methods are nil if the path has no resource.
func (t *tree) find(escaped string) (map[string]api.Route, string, map[string]string) {
	params := map[string]string{}
	node := t.walk(segments(escaped), params)
	if node == nil {
		return nil, "", nil
	}
	return node.methods, node.path, params
}

func (t *tree) walk(parts []string, params map[string]string) *tree {
	if len(parts) == 0 {
		if t.methods == nil {
			return nil
		}
		return t
	}
	if next := t.children[parts[0]]; next != nil {
		if found := next.walk(parts[1:], params); found != nil {
			return found
		}
	}
	if t.wildcard == nil || parts[0] == "" {
		return nil
	}
	found := t.wildcard.walk(parts[1:], params)
	if found == nil {
		return nil
	}
	value, err := url.PathUnescape(parts[0])
	if err != nil {
		value = parts[0]
	}
	params[t.param] = value
	return found
}
