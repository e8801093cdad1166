package preset

import (
	"cmp"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// management is the scopes of key management, the same in every contract.
var management = []contract.Scope{
	{Name: "keys:read", Grants: []string{"keys:read"}, Doc: "Read keys and their usage"},
	{Name: "keys:write", Grants: []string{"keys:write"}, Doc: "Create, update, rotate and revoke keys"},
	{Name: "orgs:read", Grants: []string{"orgs:read"}, Doc: "Read organisations and members"},
	{Name: "orgs:write", Grants: []string{"orgs:write"}, Doc: "Update organisations and members"},
	{Name: "audit:read", Grants: []string{"audit:read"}, Doc: "Read the audit trail"},
}

func (c *compiler) compile(src source) *contract.Contract {
	got := &contract.Contract{
		Name: src.Name, Title: src.Title, Base: src.Base, Environments: src.Environments,
		Transports: src.Transports, DefaultPlan: src.DefaultPlan,
		Operations: map[string]contract.Operation{}, Conditions: map[string]contract.Condition{},
		Meter:   contract.Meter(src.Meter),
		Recheck: src.Recheck, HidePublic: src.HidePublic, IDs: src.IDs, UTCDays: src.UTCDays,
	}
	c.basics(got)
	c.texts(src)
	c.environments(src)
	got.Secret = c.secret(src)
	got.Scopes = c.scopes(src.Scopes)
	c.grants(src.Scopes)
	c.planNames(src)
	got.Plans = c.plans(src)
	got.Management = c.managed(src.Management)
	got.Keys = c.keys(src.Keys)
	c.operations(src, got)
	got.MCP = c.mcp(src, got.Scopes)
	got.Webhooks = c.webhooks(src, got.Scopes)
	got.Paging = c.paging(src.Paging)
	c.conditions(src, got)
	got.Shapes = c.shapes(src.Shapes)
	c.envelopes(src.Shapes, src.Paging.Style, got.Shapes)
	c.headers(src.Meter)
	if got.Meter.ResetUnit != "" || got.Meter.Reset != "" {
		c.oneOf([]string{"meter", "reset_unit"}, got.Meter.ResetUnit, "epoch", "delta")
	}
	return got
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
var baseForm = regexp.MustCompile(`^(/[a-z0-9-]+)+$`)

func (c *compiler) basics(got *contract.Contract) {
	if !nameForm.MatchString(got.Name) {
		c.fail([]string{"name"}, "must be 1–31 lower-case letters, digits and dashes, beginning with a letter, got %q", got.Name)
	}
	if got.Title == "" {
		got.Title = got.Name
	}
	if got.IDs != "" {
		c.oneOf([]string{"ids"}, got.IDs, contract.UUIDs)
	}
	if !baseForm.MatchString(got.Base) {
		c.fail([]string{"base"}, "must be a base path such as /v1, got %q", got.Base)
	}
	if len(got.Environments) == 0 {
		c.fail([]string{"environments"}, "must list at least one environment, such as live")
	}
	if len(got.Transports["http"]) == 0 {
		c.fail([]string{"transports", "http"}, "must list at least one of bearer, x-api-key, api_key")
	}
	for channel, list := range got.Transports {
		c.oneOf([]string{"transports", channel}, channel, "http", "websocket")
		for _, t := range list {
			c.oneOf([]string{"transports", channel}, t, contract.Bearer, contract.XAPIKey, contract.Query)
		}
	}
}

func (c *compiler) oneOf(at []string, value string, allowed ...string) string {
	if !slices.Contains(allowed, value) {
		c.fail(at, "must be one of %s, got %q", strings.Join(allowed, ", "), value)
	}
	return value
}

var prefixForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,19}_$`)

func (c *compiler) secret(src source) contract.SecretRules {
	s := src.Secret
	r := contract.SecretRules{Prefixes: s.Prefixes, Alphabet: s.Alphabet, RandomBytes: s.RandomBytes, TagBytes: s.TagBytes, ShowLast: s.ShowLast}
	c.oneOf([]string{"secret", "alphabet"}, s.Alphabet, "base62", "hex")
	for _, env := range src.Environments {
		if !prefixForm.MatchString(s.Prefixes[env]) {
			c.fail([]string{"secret", "prefixes", env}, "must be 2–21 letters, digits and _, beginning with a letter and ending in _, got %q", s.Prefixes[env])
		}
	}
	if len(s.Prefixes) != len(src.Environments) {
		c.fail([]string{"secret", "prefixes"}, "must have one prefix for each environment, and no others")
	}
	if s.RandomBytes < 16 || s.RandomBytes > 64 {
		c.fail([]string{"secret", "random_bytes"}, "must be 16–64, got %d", s.RandomBytes)
	}
	if s.TagBytes != 0 && (s.TagBytes < 4 || s.TagBytes > 16) {
		c.fail([]string{"secret", "tag_bytes"}, "must be 0 or 4–16, got %d", s.TagBytes)
	}
	if s.ShowLast < 0 || s.ShowLast > 8 {
		c.fail([]string{"secret", "show_last"}, "must be 0–8, got %d", s.ShowLast)
	}
	minted := length(s.Alphabet, s.RandomBytes+s.TagBytes)
	r.Accept = [2]int{minted, minted}
	if len(s.Accept) == 2 && s.TagBytes == 0 && s.Accept[0] <= minted && minted <= s.Accept[1] && s.Accept[0] >= 16 {
		r.Accept = [2]int(s.Accept)
	} else if len(s.Accept) != 0 {
		c.fail([]string{"secret", "accept"}, "must be [min, max] with 16 ≤ min ≤ %d ≤ max, because new secrets have %[1]d characters; not allowed with tag_bytes", minted)
	}
	return r
}

const maxSecretBytes = 64 + 16 // of randomness and of the tag

// length returns how many characters of the alphabet encode the number of bytes.
func length(alphabet string, bytes int) int {
	bytes = min(max(bytes, 0), maxSecretBytes) // secret reports what is out of range
	if alphabet == "hex" {
		return 2 * bytes
	}
	largest := new(big.Int).Lsh(big.NewInt(1), uint(8*bytes))
	return len(largest.Sub(largest, big.NewInt(1)).Text(62))
}

func (c *compiler) scopes(src scopesSource) contract.Scopes {
	s := contract.Scopes{Style: src.Style, Default: src.Default, Management: management}
	c.oneOf([]string{"scopes", "style"}, src.Style, "list", "grid", "levels", "role")
	for _, l := range src.List {
		s.List = append(s.List, contract.Scope(l))
	}
	for _, r := range src.Resources {
		s.Resources = append(s.Resources, contract.Scope(r))
	}
	for _, v := range src.Verbs {
		s.Verbs = append(s.Verbs, contract.GridVerb(v))
	}
	for _, l := range src.Levels {
		for _, level := range slices.Sorted(maps.Keys(l.Levels)) {
			scope := contract.Scope{Name: l.Category + "." + l.Name + ":" + level, Grants: l.Levels[level]}
			if len(scope.Grants) > 0 {
				scope.Needs, scope.Doc = l.Needs, l.Doc
			}
			s.List = append(s.List, scope)
		}
	}
	c.scopeNames(s)
	return s
}

func (c *compiler) scopeNames(s contract.Scopes) {
	seen := map[string]bool{}
	for _, name := range s.Names() {
		if seen[name] || !scopeForm.MatchString(name) {
			c.fail([]string{"scopes", "list", name}, "names must be unique, not empty, visible ASCII and without spaces and commas, got %q", name)
		}
		seen[name] = true
	}
	for _, l := range s.List {
		if l.Needs != "" {
			c.oneOf([]string{"scopes", "list", l.Name}, l.Needs, contract.NeedsGeneral, contract.NeedsGame)
		}
	}
	for _, d := range s.Default {
		if !seen[d] {
			c.fail([]string{"scopes", "default"}, "must be scopes of this contract, got %q", d)
		}
	}
}

func (c *compiler) plans(src source) []contract.Plan {
	var plans []contract.Plan
	for _, p := range src.Plans {
		plan := contract.Plan{Name: p.Name, Keys: p.Keys, Budgets: map[string]contract.Budget{}}
		for name, text := range p.Budgets {
			b, err := budget(text)
			if err != nil {
				c.fail([]string{"plans", p.Name}, "budgets.%s: %v", name, err)
			}
			plan.Budgets[name] = b
		}
		if plan.Budgets[contract.Requests].Window == 0 {
			c.fail([]string{"plans", p.Name}, "budgets.requests: must be a rate, such as 1000/h")
		}
		if p.Keys < 0 || p.Keys > 10_000 {
			c.fail([]string{"plans", p.Name}, "keys: must be 0–10000, got %d", p.Keys)
		}
		c.windows(plan)
		plans = append(plans, plan)
	}
	if !slices.ContainsFunc(plans, func(p contract.Plan) bool { return p.Name == src.DefaultPlan }) {
		c.fail([]string{"default_plan"}, "must be a plan of this contract, got %q", src.DefaultPlan)
	}
	return plans
}

// defaultManagement is generous for people and scripts, and bounds what one key can cost.
const defaultManagement = "120/min"

// managed returns the budget of key management.
func (c *compiler) managed(text string) contract.Budget {
	at := []string{"management"}
	b, err := budget(cmp.Or(text, defaultManagement))
	if err != nil {
		c.fail(at, "%v", err)
	} else if b.Window != 60 || b.Limit < 1 {
		c.fail(at, "must be a rate of at least 1/min, got %q", text)
	}
	return b
}

// windows checks that a plan's rates share one window: a key has one window at a time, and
// a second window would restart it.
func (c *compiler) windows(p contract.Plan) {
	for name, b := range p.Budgets {
		if strings.ContainsAny(name, ". ") || name == "" {
			c.fail([]string{"plans", p.Name}, "budgets: names must not be empty or contain dots or spaces, got %q", name)
		}
		if name == contract.Management {
			c.fail([]string{"plans", p.Name}, "budgets.%s: is the name of key management's own budget", name)
		}
		if b.Window != 0 && b.Window != p.Budgets[contract.Requests].Window {
			c.fail([]string{"plans", p.Name}, "budgets.%s: must have the same window as requests", name)
		}
	}
}

func (c *compiler) keys(src keysSource) contract.KeyRules {
	rules := contract.KeyRules{ExpiryRequired: src.Expiry == "required"}
	c.oneOf([]string{"keys", "expiry"}, src.Expiry, "required", "optional")
	for _, limit := range [][2]string{{"max_life", src.MaxLife}, {"max_overlap", src.MaxOverlap}} {
		name, text := limit[0], limit[1]
		if text == "" {
			continue
		}
		d, err := contract.ParseDuration(text)
		if err != nil {
			c.fail([]string{"keys", name}, "%v", err)
		}
		if name == "max_life" && err == nil && d == 0 {
			c.fail([]string{"keys", name}, "must be longer than 0s; leave it out for no maximum")
		}
		if name == "max_life" {
			rules.MaxLife = int64(d.Seconds())
		} else {
			rules.MaxOverlap = int64(d.Seconds())
		}
	}
	for i, text := range src.ExpiryChoices {
		if slices.Contains(src.ExpiryChoices[:i], text) {
			c.fail([]string{"keys", "expiry_choices"}, "must list %s only once", text)
		}
		d, err := contract.ParseDuration(text)
		if err != nil {
			c.fail([]string{"keys", "expiry_choices"}, "%v", err)
		} else if life := int64(d.Seconds()); life <= 0 || rules.MaxLife > 0 && life > rules.MaxLife {
			c.fail([]string{"keys", "expiry_choices"}, "must be longer than 0s and at most max_life, got %q", text)
		}
		rules.ExpiryChoices = append(rules.ExpiryChoices, text)
	}
	return rules
}

func (c *compiler) paging(src pagingSource) contract.Paging {
	p := contract.Paging{Count: src.Count, Limit: c.limit([]string{"paging", "limit"}, src.Limit),
		Style: c.oneOf([]string{"paging", "style"}, src.Style, "cursor", "page", "offset")}
	if p.Count && p.Style == "cursor" {
		c.fail([]string{"paging", "count"}, "requires style page or offset: a list with cursors can have any length, so it cannot be counted for each page")
	}
	if src.CursorLife == "" {
		return p
	}
	life, err := contract.ParseDuration(src.CursorLife)
	switch {
	case err != nil:
		c.fail([]string{"paging", "cursor_life"}, "%v", err)
	case life == 0 || p.Style != "cursor":
		c.fail([]string{"paging", "cursor_life"}, "requires style cursor, and must be longer than 0s; leave it out if cursors do not expire")
	}
	p.CursorLife = int64(life.Seconds())
	return p
}

func (c *compiler) limit(at []string, src limitSource) contract.Limit {
	l := contract.Limit(src)
	c.oneOf(append(at, "over"), l.Over, "refuse", "clamp")
	if l.Min < 1 || l.Default < l.Min || l.Max < l.Default || l.Max > 1000 {
		c.fail(at, "must satisfy 1 ≤ min ≤ default ≤ max ≤ 1000, got min %d, default %d, max %d", l.Min, l.Default, l.Max)
	}
	return l
}

func (c *compiler) operations(src source, got *contract.Contract) {
	for _, name := range slices.Sorted(maps.Keys(src.Operations)) {
		at := []string{"operations", name}
		route, ok := api.Find(name)
		if !ok || (route.Management || route.Open) && !route.Named {
			c.fail(at, "must be an operation of the route table that contracts can configure")
			continue
		}
		o := src.Operations[name]
		if (route.Management || route.Open) && o.Shape != nil {
			c.fail(append(at, "shape"), "is allowed only for operations of data")
			continue
		}
		if route.Management && (o.Method != "" || o.Path != "" || o.Names != nil || o.Limit != nil || o.Budget != "") {
			c.fail(at, "must be {}: key management is the same in every contract")
			continue
		}
		op := contract.Operation{Method: o.Method, Path: o.Path, Names: o.Names, Budget: o.Budget}
		op.Shape = c.ownShape(at, route, o, src.Paging.Style)
		if o.Limit != nil {
			l := c.limit(append(at, "limit"), *o.Limit)
			op.Limit = &l
			if !c.known.paged(name) {
				c.fail(append(at, "limit"), "is allowed only for lists with pages")
			}
		}
		c.method(append(at, "method"), route, o.Method)
		c.names(at, route, src.Paging.Style, o.Names)
		if slices.Contains(byCursor, name) && src.Paging.Style != "cursor" {
			c.fail(at, "requires paging.style cursor: its filters can skip most of a long history, which a page number or offset would read again for every page")
		}
		c.path(at, route, o.Path)
		if route.Open && strings.HasPrefix(o.Path+"/", got.Base+"/") { // the edge requires a key there
			c.fail(append(at, "path"), "must be outside of the base %s, got %q", got.Base, o.Path)
		}
		c.spends(append(at, "budget"), got.Plans, o.Budget)
		got.Operations[name] = op
	}
	c.clashes(got)
}

// method checks a contract's method. Inputs come from the query of GET and DELETE and from the
// body of other methods, so a contract may only choose among those.
func (c *compiler) method(at []string, route api.Route, method string) {
	if method == "" || method == route.Method {
		return
	}
	bodied := []string{"PATCH", "POST", "PUT"}
	if !slices.Contains(bodied, route.Method) {
		bodied = []string{route.Method}
	}
	c.oneOf(at, method, bodied...)
}

// byCursor lists the operations whose filters can skip most of what a page reads.
var byCursor = []string{"listChanges", "listContests", "listUserContests", "listTeamContests", "listOrgContests"}

// spends checks that the budget of an operation is a rate of every plan. Requests would not
// be counted in a plan without it, and a request cannot spend a level.
func (c *compiler) spends(at []string, plans []contract.Plan, budget string) {
	for _, p := range plans {
		if budget != "" && p.Budgets[budget].Window == 0 {
			c.fail(at, "must be a rate of every plan, such as 1000/h; plan %s has no rate %q", p.Name, budget)
		}
	}
}

var pathForm = regexp.MustCompile(`^(/([a-z0-9-]+|\{[a-z][a-z0-9_]*\}))+$`)

// path checks that a contract's path has the same parameters as the route.
func (c *compiler) path(at []string, route api.Route, path string) {
	if path == "" {
		return
	}
	if !pathForm.MatchString(path) {
		c.fail(append(at, "path"), "must be a path of names and {parameters}, got %q", path)
		return
	}
	want, got := route.Params(), api.Route{Path: path}.Params()
	sort.Strings(want)
	sort.Strings(got)
	if !slices.Equal(want, got) {
		c.fail(append(at, "path"), "must have the parameters %v, got %v in %q", want, got, path)
	}
}

// clashes reports operations with the same method and path.
func (c *compiler) clashes(got *contract.Contract) {
	seen, before := map[string]string{}, len(c.problems)
	for _, r := range api.For(got) {
		if other, ok := seen[r.ID()]; ok {
			c.fail([]string{"operations", r.Operation}, "has the same method and path as %s: %s", other, r.ID())
		}
		seen[r.ID()] = r.Operation
	}
	if len(c.problems) == before {
		c.routable(got)
	}
}

var conditionRoots = []string{"secret", "permission", "quota", "input", "not_found", "method", "conflict", "internal", "unavailable", "standing"}

func (c *compiler) conditions(src source, got *contract.Contract) {
	for _, name := range slices.Sorted(maps.Keys(src.Conditions)) {
		cond := src.Conditions[name]
		known := slices.ContainsFunc(api.Conditions, func(k string) bool { return k == name || strings.HasPrefix(k, name+".") })
		if !known {
			c.fail([]string{"conditions", name}, "unknown condition; docs/errors.md lists the conditions")
		}
		if cond.Status < 400 || cond.Status > 599 || !codeForm.MatchString(cond.Code) {
			c.fail([]string{"conditions", name}, "must have a status of 400–599 and a code of 1–80 visible ASCII characters")
		}
		c.side(name, cond.Status)
		got.Conditions[name] = contract.Condition(cond)
	}
	for _, root := range conditionRoots {
		if _, ok := got.Conditions[root]; !ok {
			c.fail([]string{"conditions"}, "%s is required", root)
		}
	}
	c.gatewayConditions(got)
}

// gatewayConditions checks that all secret conditions have one status: API Gateway has one
// template for them and cannot distinguish a missing secret from an invalid one.
func (c *compiler) gatewayConditions(got *contract.Contract) {
	want := got.Condition(api.SecretMissing).Status
	for _, name := range api.Conditions {
		if strings.HasPrefix(name, "secret.") && got.Condition(name).Status != want {
			c.fail([]string{"conditions", name}, "status must be %d, like that of secret.missing, got %d: API Gateway has one response for both", want, got.Condition(name).Status)
		}
	}
}

func (c *compiler) shapes(src shapesSource) contract.Shapes {
	s := contract.Shapes{Management: src.Management}
	s.Error = c.shape("error", src.Error, errorSlots, true)
	s.Item = c.shape("item", src.Item, itemSlots, false)
	s.List = c.shape("list", src.List, listSlots, true)
	for _, name := range slices.Sorted(maps.Keys(src.Views)) {
		if s.Views == nil {
			s.Views = map[string]*contract.Node{}
		}
		s.Views[name] = c.shape("views", src.Views[name], nil, true)
		c.viewed(name, s.Views[name])
	}
	return s
}

func (c *compiler) shape(name string, src yaml.MapSlice, slots []string, required bool) *contract.Node {
	if len(src) == 0 {
		if required {
			c.fail([]string{"shapes", name}, "is required")
		}
		return nil
	}
	n, err := tree(src, slots)
	if err != nil {
		c.fail([]string{"shapes", name}, "%v", err)
	}
	return n
}
