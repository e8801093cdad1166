package docspage

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/api/openapi"
	"statgate/shared/contract"
)

// guide is the content of the page before the reference.
type guide struct {
	Text       template.HTML
	Host       string
	Relative   bool // the host is the page's own host
	Base       string
	First      template.HTML // the first request
	Days       string        // meaning of dates, if the contract has leagues
	Transports []string
	Prefixes   []string
	Scopes     []contract.Scope
	Management []contract.Scope
	Grid       bool
	Role       bool // keys have no scopes for data
	Alike      bool // key management uses the same pagination as data
	Counted    bool // every total is a number
	Choices    []string
	Required   bool // keys must expire
	Plans      []plan
	Default    string
	Meter      contract.Meter
	Managed    string        // requests of key management in words: "120 per minute"
	Headers    template.HTML // rate headers of a response
	Paging     string        // cursor, page or offset
	Next       string        // dotted name of the next cursor in a response
	List       template.HTML
	Limit      contract.Limit
	Error      template.HTML
	Status     int  // of the example error
	Coded      bool // errors have a code
	Codes      []code
	Overlap    string
	Life       string
	Feed       bool // the contract has the change feed
	Expired    int  // status of an expired cursor of the feed
	Replays    bool // the deployment has replays of matches
}

type plan struct {
	Name  string
	Keys  int
	Quota string
}

type code struct {
	Status int
	Code   string
	When   []string
}

// days describes the meaning of dates, if the contract has leagues.
func days(c *contract.Contract) string {
	_, football := c.Operations["listLeagues"]
	switch {
	case !football:
		return ""
	case c.UTCDays:
		return "; dates in filters are in UTC"
	}
	return "; dates are local to the league"
}

func newGuide(c *contract.Contract, d *document) guide {
	g := guide{
		Text: markdown(firstParagraph(d.Info.Description)), Host: d.host(), Base: c.Base,
		Relative: !(len(d.Servers) > 0 && strings.Contains(d.Servers[0].URL, "://")),
		Managed:  quota(c.Management),
		Meter:    c.Meter, Paging: c.Paging.Style, Limit: c.Paging.Limit, Default: c.DefaultPlan,
		Grid: c.Scopes.Style == "grid", Role: c.Scopes.Style == "role", Codes: codes(c),
		Days: days(c), Alike: c.Shapes.Management, Counted: c.Paging.Count,
		Choices: c.Keys.ExpiryChoices, Required: c.Keys.ExpiryRequired,
		Overlap: life(c.Keys.MaxOverlap), Life: life(c.Keys.MaxLife),
		Error: example(api.Encoder{Contract: c}.Error("JZ4Q6W2M7NKX3TB5RVD8HYC1AF",
			&api.Error{Condition: api.InputLimit, Message: "limit: must be at most 100", Fields: map[string][]string{"limit": {"must be at most 100"}}}).Body),
		Headers: meterHeaders(c),
		Status:  c.Condition(api.InputLimit).Status, Coded: nameOf(c.Shapes.Error, "code", "") != "",
	}
	for _, t := range c.HTTPTransports() {
		g.Transports = append(g.Transports, map[string]string{
			contract.Bearer: "Authorization: Bearer " + c.Secret.Prefixes[c.Environments[0]] + "…", contract.XAPIKey: "X-API-Key: " + c.Secret.Prefixes[c.Environments[0]] + "…",
			contract.Query: "?api_key=" + c.Secret.Prefixes[c.Environments[0]] + "…"}[t])
	}
	for _, env := range c.Environments {
		g.Prefixes = append(g.Prefixes, c.Secret.Prefixes[env])
	}
	for _, s := range c.Scopes.Scopes() {
		if c.Scopes.IsManagementScope(s.Name) {
			g.Management = append(g.Management, s)
		} else {
			g.Scopes = append(g.Scopes, s)
		}
	}
	for _, p := range c.Plans {
		g.Plans = append(g.Plans, plan{p.Name, p.Keys, quota(p.Budgets[contract.Requests])})
	}
	_, g.Feed = c.Operations["listChanges"]
	g.Replays = api.Serves(c, api.Replays)
	g.Expired = c.Condition(api.ExpiredCursor).Status
	g.First, g.List, g.Next = d.firstCall(c)
	return g
}

func firstParagraph(text string) string {
	first, _, _ := strings.Cut(text, "\n\n")
	return first
}

// firstCall returns a request that a new key can send, an example of its response and
// the name of the next cursor.
func (d *document) firstCall(c *contract.Contract) (curl, list template.HTML, next string) {
	for _, path := range []string{"/leagues", "/matches", "/teams"} {
		for at, methods := range d.Paths {
			op, ok := methods["get"]
			if !ok || !strings.HasSuffix(at, path) || strings.Contains(at, "{") {
				continue
			}
			e := endpoint{ID: "", Method: "GET", Path: at}
			media := op.Responses["200"].Content["application/json"]
			return d.curl(c, e, operation{}, nil), example(media.Example), nameOf(c.Shapes.List, "next", "")
		}
	}
	return "", "", ""
}

// nameOf returns the dotted name of a slot in a shape, or "".
func nameOf(n *contract.Node, slot, at string) string {
	if n == nil {
		return ""
	}
	if n.Slot == slot {
		return at
	}
	for _, f := range n.Fields {
		if found := nameOf(f.Node, slot, strings.TrimPrefix(at+"."+f.Name, ".")); found != "" {
			return found
		}
	}
	return ""
}

// codes lists the errors of the contract, by status and code.
func codes(c *contract.Contract) []code {
	var list []code
	for _, condition := range api.Conditions {
		cond := c.Condition(condition)
		i := slices.IndexFunc(list, func(k code) bool { return k.Status == cond.Status && k.Code == cond.Code })
		if i < 0 {
			list, i = append(list, code{Status: cond.Status, Code: cond.Code}), len(list)
		}
		list[i].When = append(list[i].When, openapi.When(condition))
	}
	slices.SortStableFunc(list, func(a, b code) int { return a.Status - b.Status })
	return list
}

func quota(b contract.Budget) string {
	window := map[int64]string{60: "minute", 3600: "hour", 86400: "day"}[b.Window]
	if window == "" {
		window = fmt.Sprintf("%d s", b.Window)
	}
	return fmt.Sprintf("%s per %s", grouped(b.Limit), window)
}

// grouped formats 100000 as 100,000.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// life formats seconds in the largest unit that fits; 0 is "".
func life(seconds int64) string {
	if seconds <= 0 {
		return ""
	}
	for _, u := range []struct {
		name  string
		least int64
	}{{"year", 365 * 86400}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		if n := seconds / u.least; n > 0 {
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return ""
}

func meterHeaders(c *contract.Contract) template.HTML {
	var lines []string
	add := func(name, value string) {
		if name != "" {
			lines = append(lines, `<span class="k">`+template.HTMLEscapeString(name)+`:</span> `+template.HTMLEscapeString(value))
		}
	}
	m := c.Meter
	add(m.Limit, "1000")
	add(m.Remaining, "998")
	if m.ResetUnit == "delta" {
		add(m.Reset, "1800")
	} else {
		add(m.Reset, "1767261600")
	}
	if m.IETF {
		add("RateLimit", `"requests";r=998;t=1800`)
		add("RateLimit-Policy", `"requests";q=1000;w=3600`)
	}
	return template.HTML(strings.Join(lines, "\n"))
}
