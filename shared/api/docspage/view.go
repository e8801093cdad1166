package docspage

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"sort"
	"strings"

	"statgate/shared/api/openapi"
	"statgate/shared/contract"
)

// group is the endpoints of one tag.
type group struct {
	ID, Name  string
	Text      template.HTML
	Endpoints []endpoint
}

// endpoint is one operation.
type endpoint struct {
	ID, Method, Path string
	PathHTML         template.HTML
	Summary          string
	Text             template.HTML
	Open, AnyKey     bool
	AdminsOnly       bool // requires a key of an owner or admin
	Counts           bool
	Scopes           []string
	Params           []params
	Body             []field
	BodyRequired     bool
	Curl             template.HTML
	Answers          []answer
	Failures         []failure
	Danger           bool // ends or replaces something, so that the script asks before a call
}

type params struct {
	Kind   string
	Fields []field
}

type answer struct {
	Status, Text, Object, Media string
	Example                     template.HTML
	Fields                      []field
}

// failure is an error response. The script shows its cases.
type failure struct {
	Status, Text string
	Codes        []string
}

var methods = []string{"get", "post", "put", "patch", "delete"}

// groups lists the document's tags in its order, with their endpoints by path and method.
func (d *document) groups(c *contract.Contract) ([]group, error) {
	at := map[string]int{}
	var list []group
	for i, t := range d.Tags {
		at[t.Name] = i
		list = append(list, group{ID: slug(t.Name), Name: t.Name, Text: markdown(t.Description)})
	}
	paths := make([]string, 0, len(d.Paths))
	for path := range d.Paths {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		for _, method := range methods {
			op, ok := d.Paths[path][method]
			if !ok {
				continue
			}
			if len(op.Tags) == 0 {
				return nil, fmt.Errorf("docspage: %s has no tag", op.OperationID)
			}
			i, ok := at[op.Tags[0]]
			if !ok {
				return nil, fmt.Errorf("docspage: %s has the tag %q, which the document does not list", op.OperationID, op.Tags[0])
			}
			list[i].Endpoints = append(list[i].Endpoints, d.endpoint(c, path, method, op))
		}
	}
	// The tag of the events has no endpoints; the page shows events by themselves.
	return slices.DeleteFunc(list, func(g group) bool { return len(g.Endpoints) == 0 }), nil
}

func slug(text string) string { return strings.ToLower(strings.ReplaceAll(text, " ", "-")) }

func (d *document) endpoint(c *contract.Contract, path, method string, op operation) endpoint {
	// The last paragraph describes access, which the page shows as labels.
	text, _, _ := cutLast(op.Description, "\n\n")
	e := endpoint{
		ID: op.OperationID, Method: strings.ToUpper(method), Path: path, PathHTML: pathHTML(path),
		Summary: op.Summary, Text: markdown(text),
		Open: len(op.Security) == 0, Scopes: op.Scopes, Counts: op.Cost > 0,
	}
	e.AdminsOnly = len(op.Scopes) == 0 && openapi.Writes(op.Permissions)
	e.AnyKey = !e.Open && len(op.Scopes) == 0 && !e.AdminsOnly
	e.Params = d.params(op)
	var body json.RawMessage
	if op.RequestBody != nil {
		m := op.RequestBody.Content["application/json"]
		body = m.Example
		e.Body, e.BodyRequired = d.fields(m.Schema, true), op.RequestBody.Required
	}
	e.Curl = d.curl(c, e, op, body)
	e.Answers, e.Failures = d.answers(c, op)
	e.Danger = method == "delete" || strings.HasPrefix(op.OperationID, "revoke") || strings.HasPrefix(op.OperationID, "rotate")
	return e
}

func cutLast(text, sep string) (string, string, bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return "", text, false
}

var pathPart = strings.NewReplacer("{", "<var>{", "}", "}</var>", "/", "/<wbr>")

func pathHTML(path string) template.HTML {
	return template.HTML(pathPart.Replace(template.HTMLEscapeString(path)))
}

// params lists parameters by their place.
func (d *document) params(op operation) []params {
	byPlace := map[string][]field{}
	for _, p := range op.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
		}
		f := d.field(p.Name, p.Schema)
		f.Required, f.Text = p.Required, markdown(p.Description)
		byPlace[p.In] = append(byPlace[p.In], f)
	}
	var list []params
	for _, place := range []struct{ in, name string }{{"path", "Path"}, {"query", "Query"}, {"header", "Headers"}} {
		if len(byPlace[place.in]) > 0 {
			list = append(list, params{place.name, byPlace[place.in]})
		}
	}
	return list
}

func (d *document) answers(c *contract.Contract, op operation) ([]answer, []failure) {
	var good []answer
	var bad []failure
	statuses := make([]string, 0, len(op.Responses))
	for status := range op.Responses {
		statuses = append(statuses, status)
	}
	sort.Strings(statuses)
	for _, status := range statuses {
		r := op.Responses[status]
		if r.Ref != "" {
			r = d.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
		}
		if status >= "4" {
			bad = append(bad, failure{status, r.Description, errorCodes(c, r)})
			continue
		}
		a := answer{Status: status, Text: r.Description}
		for kind, m := range r.Content {
			s, name := d.resolve(m.Schema)
			a.Media, a.Object, a.Example = kind, d.refer(s, name), example(m.Example)
			if a.Object == "" {
				a.Fields = d.fields(s, false)
			}
		}
		good = append(good, a)
	}
	return good, bad
}

// errorCodes lists the codes of an error response. The names of its examples are conditions.
func errorCodes(c *contract.Contract, r response) []string {
	var codes []string
	for name := range r.Content["application/json"].Examples {
		if code := c.Condition(name).Code; code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// shown lists the optional filters in the example request, by operation.
var shown = map[string][]string{
	"listLeagues": {"country"}, "getStandings": {"season"}, "listTeams": {"q"}, "listMatches": {"league", "season"},
}

// curl returns an example request, complete except for the host and the key.
func (d *document) curl(c *contract.Contract, e endpoint, op operation, body json.RawMessage) template.HTML {
	path, query := e.Path, url.Values{}
	for _, p := range op.Parameters {
		var example string
		if json.Unmarshal(p.Example, &example) != nil {
			continue
		}
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(example))
		} else if p.Required || slices.Contains(shown[e.ID], p.Name) {
			query.Set(p.Name, example)
		}
	}
	if auth(c) == contract.Query && !e.Open {
		query.Set("api_key", "$API_KEY")
	}
	if len(query) > 0 {
		path += "?" + strings.Replace(query.Encode(), "%24API_KEY", "$API_KEY", 1)
	}
	lines := []string{}
	if e.Method != "GET" {
		lines = append(lines, "-X "+e.Method)
	}
	if header := credential[auth(c)]; header != "" && !e.Open {
		lines = append(lines, header)
	}
	if len(body) > 0 {
		lines = append(lines, `-H "Content-Type: application/json"`, "-d '"+strings.ReplaceAll(pretty(body), "'", `'\''`)+"'")
	}
	first := `curl "<span class="host">` + template.HTMLEscapeString(d.host()) + `</span>` + textEscaper.Replace(path) + `"`
	for _, line := range lines {
		first += " \\\n  " + textEscaper.Replace(line)
	}
	return template.HTML(first)
}

// auth returns the transport of the secret in samples and in calls of the script. Every
// deployment of a contract that has bearer accepts it, with or without an edge.
func auth(c *contract.Contract) string {
	transports := c.HTTPTransports()
	if slices.Contains(transports, contract.Bearer) {
		return contract.Bearer
	}
	return transports[0]
}

// credential is the header of a transport in a curl command.
var credential = map[string]string{
	contract.XAPIKey: `-H "X-API-Key: $API_KEY"`,
	contract.Bearer:  `-H "Authorization: Bearer $API_KEY"`,
}

// host returns the document's server. For a relative one, the script inserts the page's
// own.
func (d *document) host() string {
	if len(d.Servers) > 0 && strings.Contains(d.Servers[0].URL, "://") {
		return strings.TrimSuffix(d.Servers[0].URL, "/")
	}
	return "https://your-host.example"
}
