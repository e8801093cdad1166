package suite

import (
	"net/http"
	"strings"
	"time"

	"statgate/shared/api"
)

func tenants() []Case {
	return []Case{
		{ID: "tenant.paths", Says: "another organisation's ids in a path answer as unknown ids do, byte for byte but the request id", Run: tenantPaths},
		{ID: "tenant.inputs", Says: "so do another organisation's ids in queries and bodies, and its cursors", Run: tenantInputs},
		{ID: "tenant.lists", Says: "lists and the audit trail show nothing of another organisation", Run: tenantLists},
		{ID: "tenant.repeat", Says: "an Idempotency-Key that another organisation used is a new one", Run: tenantRepeat},
	}
}

// neighbour is another organisation with everything that has an id.
type neighbour struct {
	*tenant
	ids map[string]string // by path parameter
}

func (t *T) neighbour() neighbour {
	n := t.tenant("neighbour "+t.id, t.largest().Name)
	k := t.key(n.admin, n, in{"scopes": t.door().scopes})
	r := t.op(n.admin, "addMember", in{"org": n.id, "email": t.email("member"), "role": "member"})
	t.must(r, http.StatusCreated)
	return neighbour{n, map[string]string{"org": n.id, "user": r.text("user"), "key": k.id}}
}

// alike wants two answers to be the same, byte for byte but the request id.
func (t *T) alike(foreign, missing Reply) {
	if a, b := anonymous(foreign), anonymous(missing); a != b {
		t.Errorf("%s: another organisation's answers %s, an unknown one %s", foreign.asked, a, b)
	}
}

// fingerprints are the headers that could tell what exists from what does not.
// Those of time and quota differ from call to call.
var fingerprints = []string{"Content-Type", "Content-Length", "Cache-Control", "Vary", "Allow", "Etag", "Retry-After"}

func anonymous(r Reply) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(r.brief()[:3]+" "+string(r.Body), r.Header.Get("X-Request-Id"), ""))
	for _, name := range fingerprints {
		b.WriteString("\n" + name + ": " + r.Header.Get(name))
	}
	return b.String()
}

func tenantPaths(t *T) {
	other := t.neighbour()
	// Whatever is foreign alone, beside what is one's own.
	for _, foreign := range []map[string]string{other.ids, {"org": t.home.id, "user": other.ids["user"]}, {"org": other.id, "user": t.home.owner}} {
		strange := map[string]string{}
		for name, id := range foreign {
			strange[name] = id
			if id == other.ids[name] {
				strange[name] = unknown[name]
			}
		}
		for _, r := range t.keyed() {
			if len(r.Params()) == 0 || !r.Management || filled(r, foreign) == filled(r, strange) {
				continue
			}
			ask := request{method: r.Method, path: filled(r, foreign), secret: t.home.admin, body: sampleBody(r)}
			one := t.send(ask)
			ask.path = filled(r, strange)
			t.refused(one, api.NotFound)
			t.alike(one, t.send(ask))
		}
	}
}

func tenantInputs(t *T) {
	other := t.neighbour()
	for _, c := range []struct{ operation, field, of string }{
		{"listKeys", "org", "org"}, {"listAudit", "org", "org"}, {"listAudit", "key", "key"}, {"listAudit", "key", "org"},
		{"listAudit", "actor", "key"}, {"listAudit", "actor", "user"}, {"createKey", "org", "org"}, {"createKey", "user", "user"},
	} {
		ask := func(id string) Reply {
			input := in{}
			if c.operation == "createKey" {
				input = t.spec()
			}
			input[c.field] = id
			return t.op(t.home.admin, c.operation, input)
		}
		one := ask(other.ids[c.of])
		if one.Status < 300 && len(objects(one.value("data"))) > 0 || one.Status == http.StatusCreated {
			t.Errorf("%s: got %s", one.asked, one.brief())
		}
		t.alike(one, ask(unknown[c.of]))
	}
	if !t.routes["listKeys"].OwnShape(t.contract) {
		return // there are no cursors
	}
	cursor := t.does(other.admin, "listKeys", in{"limit": 1}).text("next_cursor")
	one := t.op(t.home.admin, "listKeys", in{"limit": 1, "cursor": cursor})
	t.refused(one, api.InputCursor)
	t.alike(one, t.op(t.home.admin, "listKeys", in{"limit": 1, "cursor": "A" + cursor[min(1, len(cursor)):]}))
}

func tenantLists(t *T) {
	other := t.neighbour()
	for operation, input := range map[string]in{"listKeys": {}, "listOrgs": {}, "listAudit": {}, "listMembers": {"org": t.home.id}} {
		for _, one := range t.listed(t.home.admin, operation, input) {
			shown := string(encode(one))
			for _, id := range []string{other.id, other.ids["user"], other.ids["key"], other.owner, other.adminKey} {
				if strings.Contains(shown, id) {
					t.Errorf("%s: shows %s of another organisation: %.120s", operation, id, shown)
				}
			}
		}
	}
}

func tenantRepeat(t *T) {
	other := t.neighbour()
	spec, token := t.spec(), "shared-"+t.mark
	t.must(t.op(other.admin, "createKey", spec, "Idempotency-Key", token), http.StatusCreated)
	t.must(t.op(t.home.admin, "createKey", spec, "Idempotency-Key", token), http.StatusCreated)
}

func paging() []Case {
	return []Case{
		{ID: "page.keys", Says: "a list of keys that grows while it is read shows each of those that were there once", Run: pageKeys},
		{ID: "page.audit", Says: "so does the audit trail, newest first", Run: pageAudit},
		{ID: "page.members", Says: "so does the list of members", Run: pageMembers},
	}
}

// rows is how many items a paged list begins with, three pages and a half.
const rows = 7

func pageKeys(t *T) {
	n := t.tenant("paging keys", t.largest().Name)
	add := func() { t.key(t.operator, n, in{"org": n.id, "scopes": t.managingTo("listKeys")}) }
	for range rows - 1 {
		add()
	}
	t.pages(n.admin, "listKeys", nil, "id", add)
}

func pageAudit(t *T) {
	n := t.tenant("paging audit", t.largest().Name)
	rename := func() { t.does(n.admin, "updateOrg", in{"org": n.id, "name": t.email("name")}) }
	for range rows - 2 {
		rename()
	}
	seen := t.pages(n.admin, "listAudit", nil, "id", rename)
	for i := 1; i < len(seen); i++ {
		newer, _ := time.Parse(time.RFC3339, textOf(seen[i-1], "at"))
		if at, err := time.Parse(time.RFC3339, textOf(seen[i], "at")); err != nil || at.After(newer) {
			t.Errorf("listAudit: %v stands after %v", seen[i]["at"], seen[i-1]["at"])
		}
	}
}

func pageMembers(t *T) {
	n := t.tenant("paging members", t.largest().Name)
	add := func() {
		t.must(t.op(n.admin, "addMember", in{"org": n.id, "email": t.email("m"), "role": "member"}), http.StatusCreated)
	}
	for range rows - 1 {
		add()
	}
	t.pages(n.admin, "listMembers", in{"org": n.id}, "user", add)
}

// pages reads a list two by two and lets it grow after each page.
func (t *T) pages(secret, operation string, input in, id string, grow func()) []map[string]any {
	all := t.listed(secret, operation, input)
	ask := in{"limit": 2}
	for name, value := range input {
		ask[name] = value
	}
	if style := t.contract.Paging.Style; !t.routes[operation].OwnShape(t.contract) && style != "cursor" {
		t.void = "by " + style + " a list that grows is shifted: it was read while it stayed as it was"
		grow = func() {}
	}
	seen := map[any]int{}
	var found []map[string]any
	for range 2 * rows {
		page := t.does(secret, operation, ask)
		got := objects(page.value("data"))
		if len(got) > 2 {
			t.Errorf("%s: a page of 2 has %d", page.asked, len(got))
		}
		for _, one := range got {
			seen[one[id]]++
			found = append(found, one)
		}
		if !t.turn(operation, ask, page, 2) {
			break
		}
		grow()
	}
	for _, one := range all {
		if seen[one[id]] == 0 {
			t.Errorf("%s: %v was passed over", operation, one[id])
		}
	}
	for one, times := range seen {
		if times > 1 {
			t.Errorf("%s: %v was shown %d times", operation, one, times)
		}
	}
	if len(all) != rows {
		t.Errorf("%s: %d were there at first, want %d", operation, len(all), rows)
	}
	return found
}
