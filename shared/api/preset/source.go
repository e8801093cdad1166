package preset

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"statgate/shared/contract"
)

// source is a contract file before compilation: durations and budgets are still text.
type source struct {
	Name         string                     `yaml:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,30}$" jsonschema_description:"Name of the contract in commands and deployments: 1–31 lower-case letters, digits and dashes"`
	Title        string                     `yaml:"title" jsonschema_description:"Name of the product in documents; the contract's name by default"`
	Base         string                     `yaml:"base" jsonschema:"required,pattern=^(/[a-z0-9-]+)+$" jsonschema_description:"Base path of all routes except the open ones, such as /v1"`
	Environments []string                   `yaml:"environments" jsonschema:"required,minItems=1" jsonschema_description:"Names of the environments, each a separate deployment; the first is the default"`
	Secret       secretSource               `yaml:"secret" jsonschema:"required" jsonschema_description:"Format of the secrets of keys"`
	Transports   map[string][]string        `yaml:"transports" jsonschema:"required" jsonschema_description:"Ways to send a secret, by channel (http, websocket): bearer, x-api-key, api_key"`
	Scopes       scopesSource               `yaml:"scopes" jsonschema:"required" jsonschema_description:"Scopes of keys, in the product's spelling"`
	Plans        []planSource               `yaml:"plans" jsonschema:"required,minItems=1" jsonschema_description:"Plans of organisations, with their limits"`
	DefaultPlan  string                     `yaml:"default_plan" jsonschema:"required" jsonschema_description:"Plan of an organisation that is created without one"`
	Management   string                     `yaml:"management" jsonschema_description:"Requests of key management that a key may make, such as 300/min; they count against no plan. 120/min by default"`
	Keys         keysSource                 `yaml:"keys" jsonschema:"required" jsonschema_description:"Lifetimes of keys and of replaced secrets"`
	Operations   map[string]operationSource `yaml:"operations" jsonschema:"required" jsonschema_description:"Deployed operations, by their names in the route table; {} keeps the route table's method and path"`
	Paging       pagingSource               `yaml:"paging" jsonschema:"required" jsonschema_description:"Pagination of lists of data"`
	Conditions   map[string]conditionSource `yaml:"conditions" jsonschema:"required" jsonschema_description:"Status, code and message of errors, by dotted condition; the longest matching prefix wins"`
	Shapes       shapesSource               `yaml:"shapes" jsonschema:"required" jsonschema_description:"Envelopes of responses, and views of objects"`
	Meter        meterSource                `yaml:"meter" jsonschema_description:"Names of the rate headers; a header without a name is not sent"`
	MCP          *mcpSource                 `yaml:"mcp" jsonschema_description:"MCP server; required if callMCP is deployed"`
	Webhooks     *webhooksSource            `yaml:"webhooks" jsonschema_description:"Events of webhooks, and their form; the events of matches in Statgate's own form by default"`
	Recheck      bool                       `yaml:"recheck" jsonschema_description:"Whether to read the key's version again before a response is sent, so that revoking a key also fails its requests in flight"`
	HidePublic   bool                       `yaml:"hide_public" jsonschema_description:"Whether keys see only the data of their own organisation, without public data"`
	IDs          string                     `yaml:"ids" jsonschema:"enum=uuid" jsonschema_description:"Format of the ids of data that this deployment creates; Statgate's own format by default"`
	UTCDays      bool                       `yaml:"utc_days" jsonschema_description:"Whether date filters of matches use UTC days in place of the league's local days"`
}

type secretSource struct {
	Prefixes    map[string]string `yaml:"prefixes" jsonschema:"required" jsonschema_description:"Prefix of secrets, by environment: letters, digits and _, ending in _"`
	Alphabet    string            `yaml:"alphabet" jsonschema:"required,enum=base62,enum=hex" jsonschema_description:"Alphabet of the characters after the prefix"`
	RandomBytes int               `yaml:"random_bytes" jsonschema:"required,minimum=16,maximum=64" jsonschema_description:"Bytes of randomness, 16–64"`
	TagBytes    int               `yaml:"tag_bytes" jsonschema:"minimum=0,maximum=16" jsonschema_description:"Bytes of the HMAC tag by which forged and mistyped secrets are refused before any read, 4–16; 0 for secrets without a tag"`
	Accept      []int             `yaml:"accept" jsonschema:"minItems=2,maxItems=2" jsonschema_description:"Minimum and maximum number of characters after the prefix, for older secrets that are shorter than new ones; not allowed with a tag"`
	ShowLast    int               `yaml:"show_last" jsonschema:"minimum=0,maximum=8" jsonschema_description:"Number of last characters of a secret that lists show, 0–8"`
}

type scopesSource struct {
	Style     string        `yaml:"style" jsonschema:"required,enum=list,enum=grid,enum=levels,enum=role" jsonschema_description:"list: each scope grants permissions; grid: keys have verbs and resources; levels: scopes are category.name:level; role: keys have no scopes, and the owner's role decides"`
	List      []scopeSource `yaml:"list" jsonschema_description:"Scopes, for style list"`
	Verbs     []verbSource  `yaml:"verbs" jsonschema_description:"Verbs, for style grid"`
	Resources []scopeSource `yaml:"resources" jsonschema_description:"Resources, for style grid; they grant nouns such as matches"`
	Levels    []levelSource `yaml:"levels" jsonschema_description:"Scopes with levels, for style levels"`
	Default   []string      `yaml:"default" jsonschema_description:"Scopes of a key that is created without scopes; scopes are required if this is left out"`
}

type scopeSource struct {
	Name   string   `yaml:"name" jsonschema:"required" jsonschema_description:"Name of the scope in requests"`
	Grants []string `yaml:"grants" jsonschema:"required" jsonschema_description:"Permissions such as matches:read; for style grid, nouns such as matches"`
	Doc    string   `yaml:"doc" jsonschema_description:"Description in the documentation"`
	Needs  string   `yaml:"needs" jsonschema:"enum=general,enum=game" jsonschema_description:"Developer approval without which the scope grants nothing"`
}

type verbSource struct {
	Name string `yaml:"name" jsonschema:"required" jsonschema_description:"Name of the verb in requests"`
	Verb string `yaml:"verb" jsonschema:"required,enum=read,enum=write" jsonschema_description:"Verb of the permissions that it grants"`
	Doc  string `yaml:"doc" jsonschema_description:"Description in the documentation"`
}

// levelSource is one scope of a category with its levels. Each level becomes the scope
// category.name:level. Requests can also name a level that grants nothing. Needs applies
// only to levels that grant a permission.
type levelSource struct {
	Name     string              `yaml:"name" jsonschema:"required" jsonschema_description:"Name of the scope within its category"`
	Category string              `yaml:"category" jsonschema:"required" jsonschema_description:"Name of the category"`
	Levels   map[string][]string `yaml:"levels" jsonschema:"required" jsonschema_description:"Permissions that each level grants; a level can grant none"`
	Needs    string              `yaml:"needs" jsonschema:"enum=general,enum=game" jsonschema_description:"Developer approval without which the scope grants nothing"`
	Doc      string              `yaml:"doc" jsonschema_description:"Description in the documentation"`
}

type planSource struct {
	Name    string            `yaml:"name" jsonschema:"required" jsonschema_description:"Name of the plan"`
	Keys    int               `yaml:"keys" jsonschema:"required,minimum=0,maximum=10000" jsonschema_description:"Maximum number of active client keys, 0–10000"`
	Budgets map[string]string `yaml:"budgets" jsonschema:"required" jsonschema_description:"Budgets by name: a rate such as 1000/h or 60/min, or a plain number that limits concurrent use; requests is required, and all rates have its window"`
}

type keysSource struct {
	Expiry        string   `yaml:"expiry" jsonschema:"required,enum=required,enum=optional" jsonschema_description:"Whether each key must have an expiry time"`
	ExpiryChoices []string `yaml:"expiry_choices" jsonschema_description:"Lifetimes that requests can name, such as 30d, besides an explicit time; any lifetime by default"`
	MaxLife       string   `yaml:"max_life" jsonschema_description:"Maximum lifetime of a key, such as 30d or 1y; no maximum by default"`
	MaxOverlap    string   `yaml:"max_overlap" jsonschema_description:"Maximum time for which a replaced secret stays valid, such as 7d; 0s by default"`
}

type operationSource struct {
	Method string            `yaml:"method" jsonschema:"enum=GET,enum=POST,enum=PATCH,enum=PUT,enum=DELETE" jsonschema_description:"HTTP method; the route table's by default"`
	Path   string            `yaml:"path" jsonschema_description:"Path under the base, with the route table's {parameters}; the route table's path by default"`
	Names  map[string]string `yaml:"names" jsonschema_description:"Names of parameters and fields in this contract, by Statgate's own names"`
	Limit  *limitSource      `yaml:"limit" jsonschema_description:"Page size; paging.limit by default"`
	Budget string            `yaml:"budget" jsonschema_description:"Budget that a request counts against; requests by default"`
	Shape  yaml.MapSlice     `yaml:"shape" jsonschema_description:"Envelope of successful responses in place of shapes.item or shapes.list, with the slots of that one and $true; a list that is never longer than a page needs no $next"`
}

type limitSource struct {
	Default int    `yaml:"default" jsonschema:"required,minimum=1,maximum=1000" jsonschema_description:"Page size of a request without a limit"`
	Min     int    `yaml:"min" jsonschema:"required,minimum=1" jsonschema_description:"Minimum page size"`
	Max     int    `yaml:"max" jsonschema:"required,maximum=1000" jsonschema_description:"Maximum page size"`
	Over    string `yaml:"over" jsonschema:"required,enum=refuse,enum=clamp" jsonschema_description:"Handling of a limit above the maximum: refuse returns an error, clamp uses the maximum"`
}

type pagingSource struct {
	Style      string      `yaml:"style" jsonschema:"required,enum=cursor,enum=page,enum=offset" jsonschema_description:"How clients request the next page: by cursor, page number or offset"`
	Limit      limitSource `yaml:"limit" jsonschema:"required" jsonschema_description:"Page size"`
	CursorLife string      `yaml:"cursor_life" jsonschema_description:"Lifetime of a cursor, such as 24h; cursors do not expire by default"`
	Count      bool        `yaml:"count" jsonschema_description:"Whether every total is a number, counted item by item if there is no counter; not allowed with cursors"`
}

type conditionSource struct {
	Status  int    `yaml:"status" jsonschema:"required,minimum=400,maximum=599" jsonschema_description:"HTTP status"`
	Code    string `yaml:"code" jsonschema:"required" jsonschema_description:"Error code, for programs"`
	Message string `yaml:"message" jsonschema_description:"Message for people, in place of the error's specific message"`
}

type shapesSource struct {
	Error      yaml.MapSlice            `yaml:"error" jsonschema:"required" jsonschema_description:"Envelope of errors, with the slots $code, $message, $summary, $details, $request_id; a question mark after a slot omits null"`
	Item       yaml.MapSlice            `yaml:"item" jsonschema_description:"Envelope of one object, with the slots $item, $now, $now_ms; no envelope by default"`
	List       yaml.MapSlice            `yaml:"list" jsonschema:"required" jsonschema_description:"Envelope of a list, with the slots $items, $next, $more, $total, $count, $page, $limit, $done, $now, $now_ms"`
	Management bool                     `yaml:"management" jsonschema_description:"Whether the responses of key management use item and list too"`
	Views      map[string]yaml.MapSlice `yaml:"views" jsonschema_description:"Views by object: names, and the source of each value as a dotted path, with an optional format (epoch, epoch_ms, replace, code) after |"`
}

type meterSource struct {
	Limit     string `yaml:"limit" jsonschema_description:"Header for the number of requests per window"`
	Remaining string `yaml:"remaining" jsonschema_description:"Header for the number of requests left in the window"`
	Reset     string `yaml:"reset" jsonschema_description:"Header for the end of the window"`
	ResetUnit string `yaml:"reset_unit" jsonschema:"enum=epoch,enum=delta" jsonschema_description:"Unit of the reset header: epoch is seconds since 1970, delta is seconds from now"`
	IETF      bool   `yaml:"ietf" jsonschema_description:"Whether to send RateLimit and RateLimit-Policy too"`
}

type mcpSource struct {
	Tools  string   `yaml:"tools" jsonschema:"enum=scoped,enum=alone" jsonschema_description:"Permissions that a call of a tool needs: scoped, those of the server and those of the tool, or alone, those of the server; scoped by default"`
	Offers []string `yaml:"offers" jsonschema:"required,minItems=1" jsonschema_description:"Names of the tools that the server has"`
	UsedUp string   `yaml:"used_up" jsonschema:"enum=result,enum=error" jsonschema_description:"Answer to a tool call whose budget is used up: result, status 200 and a tool result that says how long to wait, or error, the status of the condition quota and a JSON-RPC error; result by default"`
}

type webhooksSource struct {
	Events        map[string]string `yaml:"events" jsonschema_description:"Names of the types of events in this contract, by Statgate's own names; events of other types are not sent"`
	Explicit      bool              `yaml:"explicit" jsonschema_description:"Whether each webhook must list the types of events that it receives; otherwise one without any receives all"`
	Overlap       string            `yaml:"overlap" jsonschema_description:"Time for which the previous signing secret also signs after every rotation, such as 24h; requests choose by default"`
	Body          yaml.MapSlice     `yaml:"body" jsonschema_description:"Envelope of an event, with the slots $id, $type, $time, $time_ms, $data"`
	Headers       map[string]string `yaml:"headers" jsonschema_description:"Headers of a delivery besides those of Standard Webhooks, each with the slot $id or $type"`
	FinalRefusals bool              `yaml:"final_refusals" jsonschema_description:"Whether an answer of 400–499, except 408, 425 and 429, ends a delivery without a retry"`
}

// budget parses "1000/h" (a rate), or "5" (a level: the maximum of concurrent uses).
func budget(text string) (contract.Budget, error) {
	count, window, rate := strings.Cut(text, "/")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 0 {
		return contract.Budget{}, fmt.Errorf("must be a rate such as 1000/h or 60/min, or a plain number that limits concurrent use, got %q", text)
	}
	if !rate {
		return contract.Budget{Limit: n}, nil
	}
	seconds, ok := map[string]int64{"min": 60, "h": 3600}[window]
	if !ok {
		return contract.Budget{}, fmt.Errorf("window must be min or h, got %q", text)
	}
	return contract.Budget{Limit: n, Window: seconds}, nil
}

// The slots that each envelope can have, and the formats of views.
var errorSlots = []string{"code", "message", "summary", "details", "request_id"}
var itemSlots = []string{"item", "now", "now_ms"}
var listSlots = []string{"items", "next", "more", "done", "total", "count", "page", "limit", "now", "now_ms"}
var bodySlots = []string{"id", "type", "time", "time_ms", "data"}
var formats = []string{"epoch", "epoch_ms", "replace", "code"}

// tree compiles a tree of names: an envelope if slots is not nil, otherwise a view.
func tree(at any, slots []string) (*contract.Node, error) {
	switch v := at.(type) {
	case yaml.MapSlice:
		n := &contract.Node{}
		for _, item := range v {
			name, ok := item.Key.(string)
			if !ok {
				return nil, fmt.Errorf("each name must be a string, got %v", item.Key)
			}
			child, err := tree(item.Value, slots)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			n.Fields = append(n.Fields, contract.Field{Name: name, Node: child})
		}
		return n, nil
	case string:
		if slots == nil {
			return viewLeaf(v)
		}
		return slotLeaf(v, slots)
	}
	return nil, fmt.Errorf("must be a string or a tree of names, got %v", at)
}

func slotLeaf(text string, slots []string) (*contract.Node, error) {
	prefix, slot, ok := strings.Cut(text, "$")
	optional := strings.HasSuffix(slot, "?")
	slot = strings.TrimSuffix(slot, "?")
	for _, s := range slots {
		if ok && s == slot {
			return &contract.Node{Slot: slot, Prefix: prefix, OmitNull: optional}, nil
		}
	}
	return nil, fmt.Errorf("must be one of the slots $%s, got %q", strings.Join(slots, ", $"), text)
}

func viewLeaf(text string) (*contract.Node, error) {
	where, format, formatted := strings.Cut(text, "|")
	n := &contract.Node{Path: strings.TrimSpace(where)}
	if n.Path == "" {
		return nil, fmt.Errorf("must begin with a path, got %q", text)
	}
	if !formatted {
		return n, nil
	}
	words := strings.Fields(format)
	if len(words) == 0 {
		return nil, fmt.Errorf("must have a format after |, got %q", text)
	}
	for _, f := range formats {
		if f == words[0] {
			n.Format, n.Args = words[0], words[1:]
			return n, nil
		}
	}
	return nil, fmt.Errorf("format must be one of %s, got %q", strings.Join(formats, ", "), words[0])
}
