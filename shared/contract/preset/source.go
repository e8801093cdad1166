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
	Name         string                     `yaml:"name"`
	Title        string                     `yaml:"title"`
	Base         string                     `yaml:"base"`
	Environments []string                   `yaml:"environments"`
	Secret       secretSource               `yaml:"secret"`
	Transports   map[string][]string        `yaml:"transports"`
	Scopes       scopesSource               `yaml:"scopes"`
	Plans        []planSource               `yaml:"plans"`
	DefaultPlan  string                     `yaml:"default_plan"`
	Keys         keysSource                 `yaml:"keys"`
	Operations   map[string]operationSource `yaml:"operations"`
	Paging       pagingSource               `yaml:"paging"`
	Conditions   map[string]conditionSource `yaml:"conditions"`
	Shapes       shapesSource               `yaml:"shapes"`
	Meter        meterSource                `yaml:"meter"`
	Recheck      bool                       `yaml:"recheck"`
	HidePublic   bool                       `yaml:"hide_public"`
	IDs          string                     `yaml:"ids"`
}

type secretSource struct {
	Prefixes    map[string]string `yaml:"prefixes"`
	Alphabet    string            `yaml:"alphabet"`
	RandomBytes int               `yaml:"random_bytes"`
	TagBytes    int               `yaml:"tag_bytes"`
	Accept      []int             `yaml:"accept"`
	ShowLast    int               `yaml:"show_last"`
}

type scopesSource struct {
	Style     string        `yaml:"style"`
	List      []scopeSource `yaml:"list"`
	Verbs     []verbSource  `yaml:"verbs"`
	Resources []scopeSource `yaml:"resources"`
	Levels    []levelSource `yaml:"levels"`
	Default   []string      `yaml:"default"`
}

type scopeSource struct {
	Name   string   `yaml:"name"`
	Grants []string `yaml:"grants"`
	Doc    string   `yaml:"doc"`
}

type verbSource struct {
	Name string `yaml:"name"`
	Verb string `yaml:"verb"`
	Doc  string `yaml:"doc"`
}

// levelSource is one scope of a category with its levels; each level that grants
// something becomes the scope category.name:level.
type levelSource struct {
	Name     string              `yaml:"name"`
	Category string              `yaml:"category"`
	Levels   map[string][]string `yaml:"levels"`
	Doc      string              `yaml:"doc"`
}

type planSource struct {
	Name    string            `yaml:"name"`
	Keys    int               `yaml:"keys"`
	Budgets map[string]string `yaml:"budgets"`
}

type keysSource struct {
	Expiry        string   `yaml:"expiry"`
	ExpiryChoices []string `yaml:"expiry_choices"`
	MaxLife       string   `yaml:"max_life"`
	MaxOverlap    string   `yaml:"max_overlap"`
}

type operationSource struct {
	Method string            `yaml:"method"`
	Path   string            `yaml:"path"`
	Names  map[string]string `yaml:"names"`
	Limit  *limitSource      `yaml:"limit"`
	Budget string            `yaml:"budget"`
}

type limitSource struct {
	Default int    `yaml:"default"`
	Min     int    `yaml:"min"`
	Max     int    `yaml:"max"`
	Over    string `yaml:"over"`
}

type pagingSource struct {
	Style string      `yaml:"style"`
	Limit limitSource `yaml:"limit"`
	Count bool        `yaml:"count"`
}

type conditionSource struct {
	Status  int    `yaml:"status"`
	Code    string `yaml:"code"`
	Message string `yaml:"message"`
}

type shapesSource struct {
	Error yaml.MapSlice            `yaml:"error"`
	Item  yaml.MapSlice            `yaml:"item"`
	List  yaml.MapSlice            `yaml:"list"`
	Views map[string]yaml.MapSlice `yaml:"views"`
	// Management gives key management's answers the envelopes too.
	Management bool `yaml:"management"`
}

type meterSource struct {
	Limit     string `yaml:"limit"`
	Remaining string `yaml:"remaining"`
	Reset     string `yaml:"reset"`
	ResetUnit string `yaml:"reset_unit"`
	IETF      bool   `yaml:"ietf"`
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
var errorSlots = []string{"code", "message", "details", "request_id"}
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
