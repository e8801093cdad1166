package preset

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/humantext"
)

var (
	inputForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	planForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$`)
	headerForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)
	scopeForm  = regexp.MustCompile(`^[!-+\--~]+$`) // visible ASCII without commas
	codeForm   = regexp.MustCompile(`^[!-~]{1,80}$`)
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// texts checks the texts for people.
func (c *compiler) texts(src source) {
	line := func(text string, at ...string) {
		if clean, err := humantext.Line(text); err != nil {
			c.fail(at, "%v", err)
		} else if clean != text {
			c.fail(at, "must not have spaces around it, and must be in Unicode's form NFC")
		}
	}
	line(src.Title, "title")
	for _, name := range sortedKeys(src.Conditions) {
		line(src.Conditions[name].Message, "conditions", name, "message")
	}
	for i, s := range slices.Concat(src.Scopes.List, src.Scopes.Resources) {
		list := "list"
		if i >= len(src.Scopes.List) {
			list = "resources"
		}
		line(s.Doc, "scopes", list, s.Name, "doc")
	}
	for _, v := range src.Scopes.Verbs {
		line(v.Doc, "scopes", "verbs", v.Name, "doc")
	}
	for _, l := range src.Scopes.Levels {
		line(l.Doc, "scopes", "levels", l.Name, "doc")
	}
}

// environments checks names and prefixes: two secrets must not look alike.
func (c *compiler) environments(src source) {
	for i, env := range src.Environments {
		if !nameForm.MatchString(env) || slices.Contains(src.Environments[:i], env) {
			c.fail([]string{"environments"}, "must be different names of 1–31 lower-case letters, digits and dashes, got %q", env)
		}
		for _, other := range src.Environments[:i] {
			a, b := src.Secret.Prefixes[env], src.Secret.Prefixes[other]
			if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
				c.fail([]string{"secret", "prefixes", env}, "must not begin like the prefix of %s, and vice versa", other)
			}
		}
	}
	for _, channel := range sortedKeys(src.Transports) {
		for i, t := range src.Transports[channel] {
			if slices.Contains(src.Transports[channel][:i], t) {
				c.fail([]string{"transports", channel}, "must list %s only once", t)
			}
		}
	}
}

// permissions are those that routes of data require.
func permissions() (all, nouns []string) {
	for _, r := range api.Routes {
		for _, p := range r.Permissions {
			if noun, _, _ := strings.Cut(p, ":"); !contract.IsManagement(p) {
				all, nouns = append(all, p), append(nouns, noun)
			}
		}
	}
	return append(all, planned...), nouns
}

// planned are permissions that products publish and that no route requires yet: for events by
// WebSocket.
var planned = []string{"live:stream"}

// grants checks that each scope grants permissions that a route requires, and that the parts
// of the scopes belong to the style.
func (c *compiler) grants(src scopesSource) {
	all, nouns := permissions()
	permission := func(at []string, grant string) {
		noun, verb, ok := strings.Cut(grant, ":")
		switch {
		case !ok || noun == "" || verb == "":
			c.fail(at, "grants: must be permissions such as matches:read, got %q", grant)
		case contract.IsManagement(grant):
			c.fail(at, "grants: %q belongs to key management, which has its own scopes", grant)
		case !slices.ContainsFunc(all, func(p string) bool { return contract.Allows([]string{grant}, p) }):
			c.fail(at, "grants: no operation requires the permission %q", grant)
		}
	}
	for _, s := range src.List {
		for _, grant := range s.Grants {
			permission([]string{"scopes", "list", s.Name}, grant)
		}
	}
	for _, l := range src.Levels {
		for _, level := range sortedKeys(l.Levels) {
			for _, grant := range l.Levels[level] {
				permission([]string{"scopes", "levels", l.Name, "levels", level}, grant)
			}
		}
	}
	for _, r := range src.Resources {
		for _, noun := range r.Grants {
			if contract.IsManagement(noun) {
				c.fail([]string{"scopes", "resources", r.Name}, "grants: %q belongs to key management, which has its own scopes", noun)
			} else if !slices.Contains(nouns, noun) {
				c.fail([]string{"scopes", "resources", r.Name}, "grants: no operation requires a permission on %q", noun)
			}
		}
	}
	c.gridAndStyle(src)
}

func (c *compiler) gridAndStyle(src scopesSource) {
	for _, v := range src.Verbs {
		c.oneOf([]string{"scopes", "verbs", v.Name}, v.Verb, "read", "write")
	}
	for _, r := range src.Resources {
		if len(r.Grants) == 0 || r.Needs != "" {
			c.fail([]string{"scopes", "resources", r.Name}, "must grant a noun such as matches, and must have no needs")
		}
	}
	parts := map[string]int{"list": len(src.List), "verbs": len(src.Verbs), "resources": len(src.Resources), "levels": len(src.Levels)}
	wanted := map[string][]string{"list": {"list"}, "grid": {"verbs", "resources"}, "levels": {"levels"}}[src.Style]
	for _, part := range sortedKeys(parts) {
		switch {
		case slices.Contains(wanted, part) && parts[part] == 0:
			c.fail([]string{"scopes"}, "%s is required for style %s", part, src.Style)
		case !slices.Contains(wanted, part) && parts[part] > 0:
			c.fail([]string{"scopes", part}, "is not allowed for style %s", src.Style)
		}
	}
	if src.Style == "role" && len(src.Default) > 0 {
		c.fail([]string{"scopes", "default"}, "is not allowed for style role: keys have no scopes")
	}
}

// planNames checks that plans differ in name and that their limits are usable.
func (c *compiler) planNames(src source) {
	seen := map[string]bool{}
	for _, p := range src.Plans {
		if seen[p.Name] || !planForm.MatchString(p.Name) {
			c.fail([]string{"plans", p.Name}, "names must be unique: 1–40 letters, digits, spaces, _, . and -, got %q", p.Name)
		}
		seen[p.Name] = true
		for _, name := range sortedKeys(p.Budgets) {
			if b, err := budget(p.Budgets[name]); err == nil && (b.Limit > maxBudget || b.Limit == 0 && b.Window > 0) {
				c.fail([]string{"plans", p.Name}, "budgets.%s: must be 1–%d", name, int64(maxBudget))
			}
			if slices.Contains(slices.Collect(maps.Values(contract.ShortBudgets)), name) {
				c.fail([]string{"plans", p.Name}, "budgets: %s is the name under which the gate counts another budget; choose a longer one", name)
			}
			if !inputForm.MatchString(name) {
				c.fail([]string{"plans", p.Name}, "budgets: names must be 1–64 letters, digits, _ and -, got %q", name)
			}
		}
	}
}

const maxBudget = 1_000_000_000_000

// envelopes checks that each envelope shows what it is for.
func (c *compiler) envelopes(src shapesSource, style string, got contract.Shapes) {
	need := func(at string, n *contract.Node, slots ...string) {
		if n != nil && !slices.ContainsFunc(slots, func(s string) bool { return n.Has(s) }) {
			c.fail([]string{"shapes", at}, "must have the slot $%s", strings.Join(slots, " or $"))
		}
	}
	need("error", got.Error, "code", "message")
	need("item", got.Item, "item")
	need("list", got.List, "items")
	if style == "cursor" {
		need("list", got.List, "next")
	}
	for _, part := range []struct {
		name string
		tree yaml.MapSlice
	}{{"error", src.Error}, {"item", src.Item}, {"list", src.List}} {
		c.leaves([]string{"shapes", part.name}, part.tree, true)
	}
	for _, name := range sortedKeys(src.Views) {
		c.leaves([]string{"shapes", "views", name}, src.Views[name], false)
	}
}

// prefixable are the slots of text, before which an envelope can put a prefix.
var prefixable = []string{"code", "message", "summary", "request_id"}

// leaves checks the names of a tree, and of an envelope the prefixes of its slots.
func (c *compiler) leaves(at []string, tree yaml.MapSlice, envelope bool) {
	for _, item := range tree {
		place := append(slices.Clone(at), fmt.Sprint(item.Key))
		switch v := item.Value.(type) {
		case yaml.MapSlice:
			if len(v) == 0 {
				c.fail(place, "must not be empty")
			}
			c.leaves(place, v, envelope)
		case string:
			prefix, slot, ok := strings.Cut(v, "$")
			if ok && prefix != "" && envelope && !slices.Contains(prefixable, strings.TrimSuffix(slot, "?")) {
				c.fail(place, "only text can have a prefix, got %q", v)
			}
		}
		if name := fmt.Sprint(item.Key); !inputForm.MatchString(name) {
			c.fail(place, "names must be 1–64 letters, digits, _ and -, beginning with a letter, got %q", name)
		}
	}
}

// headers checks that the meter's headers have names of their own.
func (c *compiler) headers(m meterSource) {
	var seen []string
	for _, h := range [][2]string{{"limit", m.Limit}, {"remaining", m.Remaining}, {"reset", m.Reset}} {
		name := http.CanonicalHeaderKey(h[1])
		switch {
		case h[1] == "":
		case !headerForm.MatchString(h[1]) || slices.Contains(seen, name):
			c.fail([]string{"meter", h[0]}, "must be a header name that is used only once, got %q", h[1])
		case slices.Contains(reservedHeaders, name) || strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "X-Amz"):
			c.fail([]string{"meter", h[0]}, "%s has another meaning in responses", h[1])
		}
		seen = append(seen, name)
	}
}

var reservedHeaders = []string{"Allow", "Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Etag", "Location",
	"Ratelimit", "Ratelimit-Policy", "Retry-After", "Server", "Set-Cookie", "Transfer-Encoding", "Vary", "Www-Authenticate", "X-Request-Id"}

// routable checks the paths for API Gateway, which allows one variable at
// a place, and by [http.ServeMux], which the local gateway uses.
func (c *compiler) routable(got *contract.Contract) {
	variables := map[string]string{}
	mux := http.NewServeMux()
	for _, r := range api.For(got) {
		at := []string{"operations", r.Operation, "path"}
		prefix := ""
		for _, part := range strings.Split(r.Path, "/")[1:] {
			if strings.HasPrefix(part, "{") {
				if other, ok := variables[prefix]; ok && other != part {
					c.fail(at, "API Gateway allows one variable at a place: %s has %s and %s", prefix, other, part)
				}
				variables[prefix] = part
			}
			prefix += "/" + part
		}
		if problem := register(mux, r.ID()); problem != "" {
			c.fail(at, "%s", problem)
		}
	}
}

// register adds a pattern to a mux, which panics if the pattern is ambiguous.
func register(mux *http.ServeMux, pattern string) (problem string) {
	defer func() {
		if r := recover(); r != nil {
			problem = fmt.Sprint("matches the same requests as another path: ", pattern)
		}
	}()
	mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	return ""
}

// side checks that clients can tell whose fault an error is: only faults of the service have a
// status of 500 and above.
func (c *compiler) side(name string, status int) {
	root, _, _ := strings.Cut(name, ".")
	if fault := root == "internal" || root == "unavailable"; fault != (status >= 500) {
		c.fail([]string{"conditions", name}, "must have a status of %s, got %d", map[bool]string{true: "500–599", false: "400–499"}[fault], status)
	}
}
