package preset

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"statgate/shared/contract"
)

// source is a contract as its file spells it; durations and budgets are texts.
type source struct {
	Name         string                     `yaml:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,30}$" jsonschema_description:"The contract's name, as deployments call it"`
	Title        string                     `yaml:"title" jsonschema_description:"What people call the product; its name by default"`
	Base         string                     `yaml:"base" jsonschema:"required,pattern=^(/[a-z0-9-]+)+$" jsonschema_description:"The base path of everything but the open routes, such as /v1"`
	Environments []string                   `yaml:"environments" jsonschema:"required,minItems=1" jsonschema_description:"Names of environments, each a deployment of its own; the first is the default"`
	Secret       secretSource               `yaml:"secret" jsonschema:"required" jsonschema_description:"How a key looks"`
	Transports   map[string][]string        `yaml:"transports" jsonschema:"required" jsonschema_description:"By channel (http, websocket), how a key may be sent: bearer, x-api-key, api_key"`
	Scopes       scopesSource               `yaml:"scopes" jsonschema:"required" jsonschema_description:"What a key may do, in the product's spelling"`
	Plans        []planSource               `yaml:"plans" jsonschema:"required,minItems=1" jsonschema_description:"What organisations may buy"`
	DefaultPlan  string                     `yaml:"default_plan" jsonschema:"required" jsonschema_description:"The plan of an organisation for which none is named"`
	Keys         keysSource                 `yaml:"keys" jsonschema:"required" jsonschema_description:"How long keys and replaced secrets live"`
	Operations   map[string]operationSource `yaml:"operations" jsonschema:"required" jsonschema_description:"What is deployed, by the route table's names; {} keeps its method and path"`
	Paging       pagingSource               `yaml:"paging" jsonschema:"required" jsonschema_description:"How lists of data are paged"`
	Conditions   map[string]conditionSource `yaml:"conditions" jsonschema:"required" jsonschema_description:"What clients see when something is the matter, by dotted condition; the longest prefix wins"`
	Shapes       shapesSource               `yaml:"shapes" jsonschema:"required" jsonschema_description:"Envelopes of answers, and views of objects"`
	Meter        meterSource                `yaml:"meter" jsonschema_description:"Names of the rate headers; those left out are not sent"`
	Recheck      bool                       `yaml:"recheck" jsonschema_description:"Read the key's version again before the answer is sent, so that a request in flight dies with its key"`
	HidePublic   bool                       `yaml:"hide_public" jsonschema_description:"Show a key the data of its own organisation only"`
	IDs          string                     `yaml:"ids" jsonschema:"enum=uuid" jsonschema_description:"The form of the ids of data that this deployment makes; our own where left out"`
	UTCDays      bool                       `yaml:"utc_days" jsonschema_description:"Take the days by which matches are filtered for UTC's, not for those of their league"`
}

type secretSource struct {
	Prefixes    map[string]string `yaml:"prefixes" jsonschema:"required" jsonschema_description:"By environment, what a key begins with: letters, digits and _, ending in _"`
	Alphabet    string            `yaml:"alphabet" jsonschema:"required,enum=base62,enum=hex" jsonschema_description:"Of what follows the prefix"`
	RandomBytes int               `yaml:"random_bytes" jsonschema:"required,minimum=16,maximum=64" jsonschema_description:"Bytes of randomness"`
	TagBytes    int               `yaml:"tag_bytes" jsonschema:"minimum=0,maximum=16" jsonschema_description:"Bytes of an HMAC tag, by which forged and mistyped keys are refused before any read; 0 promises no structure"`
	Accept      []int             `yaml:"accept" jsonschema:"minItems=2,maxItems=2" jsonschema_description:"The least and the most characters after the prefix, where older keys are shorter than minted ones; not with a tag"`
	ShowLast    int               `yaml:"show_last" jsonschema:"minimum=0,maximum=8" jsonschema_description:"How many last characters lists show"`
}

type scopesSource struct {
	Style     string        `yaml:"style" jsonschema:"required,enum=list,enum=grid,enum=levels,enum=role" jsonschema_description:"list: each scope grants permissions; grid: verbs and resources meet; levels: a level by category and scope; role: none, the owner's role decides"`
	List      []scopeSource `yaml:"list" jsonschema_description:"Of style list"`
	Verbs     []verbSource  `yaml:"verbs" jsonschema_description:"Of style grid"`
	Resources []scopeSource `yaml:"resources" jsonschema_description:"Of style grid; what they grant are nouns"`
	Levels    []levelSource `yaml:"levels" jsonschema_description:"Of style levels"`
	Default   []string      `yaml:"default" jsonschema_description:"What a key gets for which no scopes are named; without it they must be"`
}

type scopeSource struct {
	Name   string   `yaml:"name" jsonschema:"required" jsonschema_description:"As clients spell it"`
	Grants []string `yaml:"grants" jsonschema:"required" jsonschema_description:"Permissions such as matches:read; in a grid nouns such as matches"`
	Doc    string   `yaml:"doc" jsonschema_description:"What it is for, in the documentation"`
	Needs  string   `yaml:"needs" jsonschema:"enum=general,enum=game" jsonschema_description:"The developer's approval without which it grants nothing"`
}

type verbSource struct {
	Name string `yaml:"name" jsonschema:"required" jsonschema_description:"As clients spell it"`
	Verb string `yaml:"verb" jsonschema:"required,enum=read,enum=write" jsonschema_description:"The permissions' verb"`
	Doc  string `yaml:"doc" jsonschema_description:"What it is for, in the documentation"`
}

// levelSource is one scope of a category with its levels; each level becomes the
// scope category.name:level. One that grants nothing may be sent like the others.
// What it needs holds for the levels that grant something.
type levelSource struct {
	Name     string              `yaml:"name" jsonschema:"required" jsonschema_description:"The scope within its category"`
	Category string              `yaml:"category" jsonschema:"required" jsonschema_description:"The category"`
	Levels   map[string][]string `yaml:"levels" jsonschema:"required" jsonschema_description:"By level, the permissions that it grants; a level may grant none"`
	Needs    string              `yaml:"needs" jsonschema:"enum=general,enum=game" jsonschema_description:"The developer's approval without which it grants nothing"`
	Doc      string              `yaml:"doc" jsonschema_description:"What it is for, in the documentation"`
}

type planSource struct {
	Name    string            `yaml:"name" jsonschema:"required" jsonschema_description:"The plan's name"`
	Keys    int               `yaml:"keys" jsonschema:"required,minimum=0,maximum=10000" jsonschema_description:"Active client keys at most"`
	Budgets map[string]string `yaml:"budgets" jsonschema:"required" jsonschema_description:"By name, 1000/h or 60/min (a rate) or a plain number (so many at a time); requests is always there, and all rates have its window"`
}

type keysSource struct {
	Expiry        string   `yaml:"expiry" jsonschema:"required,enum=required,enum=optional" jsonschema_description:"Whether each key must have an end"`
	ExpiryChoices []string `yaml:"expiry_choices" jsonschema_description:"Lives that may be asked for, such as 30d, beside a moment of one's own; any where left out"`
	MaxLife       string   `yaml:"max_life" jsonschema_description:"The longest life of a key, such as 30d or 1y; unbounded where left out"`
	MaxOverlap    string   `yaml:"max_overlap" jsonschema_description:"How long a replaced secret may live on, such as 7d; 0s where left out"`
}

type operationSource struct {
	Method string            `yaml:"method" jsonschema:"enum=GET,enum=POST,enum=PATCH,enum=PUT,enum=DELETE" jsonschema_description:"Instead of the route table's"`
	Path   string            `yaml:"path" jsonschema_description:"Under the base, instead of the route table's, with the same {parameters}"`
	Names  map[string]string `yaml:"names" jsonschema_description:"Other names for parameters and fields: ours to the contract's"`
	Limit  *limitSource      `yaml:"limit" jsonschema_description:"Instead of paging's"`
	Budget string            `yaml:"budget" jsonschema_description:"The budget that a call spends, instead of requests"`
}

type limitSource struct {
	Default int    `yaml:"default" jsonschema:"required,minimum=1,maximum=1000" jsonschema_description:"Without a limit in the request"`
	Min     int    `yaml:"min" jsonschema:"required,minimum=1" jsonschema_description:"The least"`
	Max     int    `yaml:"max" jsonschema:"required,maximum=1000" jsonschema_description:"The most"`
	Over    string `yaml:"over" jsonschema:"required,enum=refuse,enum=clamp" jsonschema_description:"What becomes of more than the most"`
}

type pagingSource struct {
	Style      string      `yaml:"style" jsonschema:"required,enum=cursor,enum=page,enum=offset" jsonschema_description:"How clients go on"`
	Limit      limitSource `yaml:"limit" jsonschema:"required" jsonschema_description:"The size of a page"`
	CursorLife string      `yaml:"cursor_life" jsonschema_description:"How long a cursor is good, such as 24h; for ever without"`
	Count      bool        `yaml:"count" jsonschema_description:"Make every total a number, counted item by item where no counter knows it; not with cursors"`
}

type conditionSource struct {
	Status  int    `yaml:"status" jsonschema:"required,minimum=400,maximum=599" jsonschema_description:"HTTP status"`
	Code    string `yaml:"code" jsonschema:"required" jsonschema_description:"What programs decide by"`
	Message string `yaml:"message" jsonschema_description:"For people, instead of the one of the moment"`
}

type shapesSource struct {
	Error      yaml.MapSlice            `yaml:"error" jsonschema:"required" jsonschema_description:"Slots: $code, $message, $details, $request_id; a question mark leaves out what is null"`
	Item       yaml.MapSlice            `yaml:"item" jsonschema_description:"Slots: $item, $now; the object itself where left out"`
	List       yaml.MapSlice            `yaml:"list" jsonschema:"required" jsonschema_description:"Slots: $items, $next, $more, $total, $count, $page, $limit, $now"`
	Management bool                     `yaml:"management" jsonschema_description:"Put key management's answers into item and list too"`
	Views      map[string]yaml.MapSlice `yaml:"views" jsonschema_description:"By object, names and where their values come from: a dotted path, with a format (epoch, replace, code) after |"`
}

type meterSource struct {
	Limit     string `yaml:"limit" jsonschema_description:"Header for the calls of a window"`
	Remaining string `yaml:"remaining" jsonschema_description:"Header for the calls that are left"`
	Reset     string `yaml:"reset" jsonschema_description:"Header for the window's end"`
	ResetUnit string `yaml:"reset_unit" jsonschema:"enum=epoch,enum=delta" jsonschema_description:"Seconds since 1970, or from now"`
	IETF      bool   `yaml:"ietf" jsonschema_description:"RateLimit and RateLimit-Policy too"`
}

// budget reads "1000/h" (a rate), or "5" (a level: so many at a time).
func budget(text string) (contract.Budget, error) {
	count, window, rate := strings.Cut(text, "/")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 0 {
		return contract.Budget{}, fmt.Errorf("%q is no budget: write 1000/h, 60/min, or a plain number for so many at a time", text)
	}
	if !rate {
		return contract.Budget{Limit: n}, nil
	}
	seconds, ok := map[string]int64{"min": 60, "h": 3600}[window]
	if !ok {
		return contract.Budget{}, fmt.Errorf("%q: a window is min or h", text)
	}
	return contract.Budget{Limit: n, Window: seconds}, nil
}

// The slots that envelopes may have.
var errorSlots = []string{"code", "message", "summary", "details", "request_id"}
var itemSlots = []string{"item", "now"}
var listSlots = []string{"items", "next", "more", "total", "count", "page", "limit", "now"}
var formats = []string{"epoch", "replace", "code"}

// tree reads a tree of names. With slots it is an envelope, without a view.
func tree(at any, slots []string) (*contract.Node, error) {
	switch v := at.(type) {
	case yaml.MapSlice:
		n := &contract.Node{}
		for _, item := range v {
			name, ok := item.Key.(string)
			if !ok {
				return nil, fmt.Errorf("%v is no name", item.Key)
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
	return nil, fmt.Errorf("%v is neither a name nor a tree of names", at)
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
	return nil, fmt.Errorf("%q is no slot; there are $%s", text, strings.Join(slots, ", $"))
}

func viewLeaf(text string) (*contract.Node, error) {
	where, format, formatted := strings.Cut(text, "|")
	n := &contract.Node{Path: strings.TrimSpace(where)}
	if n.Path == "" {
		return nil, fmt.Errorf("%q names no path", text)
	}
	if !formatted {
		return n, nil
	}
	words := strings.Fields(format)
	if len(words) == 0 {
		return nil, fmt.Errorf("%q names no format", text)
	}
	for _, f := range formats {
		if f == words[0] {
			n.Format, n.Args = words[0], words[1:]
			return n, nil
		}
	}
	return nil, fmt.Errorf("%q is no format; there are %s", words[0], strings.Join(formats, ", "))
}
