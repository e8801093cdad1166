package suite

import (
	"net/http"
	"strings"
	"time"

	"statgate/shared/api"
)

func tenants() []Case {
	return []Case{
		{ID: "tenant.paths", Guarantee: "another organisation's ids in a path answer like unknown ids, byte for byte except the request id", Run: tenantPaths},
		{ID: "tenant.inputs", Guarantee: "another organisation's ids in queries and bodies, and its cursors, answer like unknown ones", Run: tenantInputs},
		{ID: "tenant.lists", Guarantee: "lists and the audit trail show nothing of another organisation", Run: tenantLists},
		{ID: "tenant.repeat", Guarantee: "an Idempotency-Key that another organisation used counts as new", Run: tenantRepeat},
	}
}

// neighbour is another organisation with a member and a key.
type neighbour struct {
	*tenant
	ids map[string]string // by path parameter
}

func (t *T) neighbour() neighbour {
	n := t.tenant("neighbour "+t.id, t.largest().Name)
	k := t.key(n.admin, n, in{"scopes": t.endpoint().scopes})
	r := t.op(n.admin, "addMember", in{"org": n.id, "email": t.email("member"), "role": "member"})
	t.wantStatus(r, http.StatusCreated)
	return neighbour{n, map[string]string{"org": n.id, "user": r.text("user"), "key": k.id}}
}

// sameAnswer compares two answers byte for byte, except the request id.
func (t *T) sameAnswer(foreign, missing Reply) {
	if a, b := fingerprint(foreign), fingerprint(missing); a != b {
		t.Errorf("%s: another organisation's id answers %s, an unknown one %s", foreign.asked, a, b)
	}
}

// fingerprintHeaders are the headers that could reveal what exists. Headers of time and quota
// differ from request to request, so they are not compared.
var fingerprintHeaders = []string{"Content-Type", "Content-Length", "Cache-Control", "Vary", "Allow", "Etag", "Retry-After"}

func fingerprint(r Reply) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(r.brief()[:3]+" "+string(r.Body), r.Header.Get("X-Request-Id"), ""))
	for _, name := range fingerprintHeaders {
		b.WriteString("\n" + name + ": " + r.Header.Get(name))
	}
	return b.String()
}

func tenantPaths(t *T) {
	other := t.neighbour()
	// Ids of the other organisation, alone and combined with ids of the home organisation.
	for _, foreign := range []map[string]string{other.ids, {"org": t.home.id, "user": other.ids["user"]}, {"org": other.id, "user": t.home.owner}} {
		strange := map[string]string{}
		for name, id := range foreign {
			strange[name] = id
			if id == other.ids[name] {
				strange[name] = unknownIDs[name]
			}
		}
		for _, r := range t.keyedRoutes() {
			if len(r.Params()) == 0 || !r.Management || pathOf(r, foreign) == pathOf(r, strange) {
				continue
			}
			ask := request{method: r.Method, path: pathOf(r, foreign), secret: t.home.admin, body: sampleBody(r)}
			one := t.send(ask)
			ask.path = pathOf(r, strange)
			t.wantError(one, api.NotFound)
			t.sameAnswer(one, t.send(ask))
		}
	}
}

func tenantInputs(t *T) {
	other := t.neighbour()
	for _, c := range []struct{ operation, field, of string }{
		{"listKeys", "org", "org"}, {"listAudit", "org", "org"}, {"listAudit", "key", "key"}, {"listAudit", "key", "org"},
		{"listKeys", "owner", "user"}, {"listAudit", "actor", "key"}, {"listAudit", "actor", "user"}, {"createKey", "org", "org"}, {"createKey", "user", "user"},
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
		t.sameAnswer(one, ask(unknownIDs[c.of]))
	}
	if !t.routes["listKeys"].OwnShape(t.contract) {
		return // there are no cursors
	}
	cursor := t.mustOp(other.admin, "listKeys", in{"limit": 1}).text("next_cursor")
	one := t.op(t.home.admin, "listKeys", in{"limit": 1, "cursor": cursor})
	t.wantError(one, api.InputCursor)
	t.sameAnswer(one, t.op(t.home.admin, "listKeys", in{"limit": 1, "cursor": "A" + cursor[min(1, len(cursor)):]}))
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
	t.wantStatus(t.op(other.admin, "createKey", spec, "Idempotency-Key", token), http.StatusCreated)
	t.wantStatus(t.op(t.home.admin, "createKey", spec, "Idempotency-Key", token), http.StatusCreated)
}

func paging() []Case {
	return []Case{
		{ID: "page.keys", Guarantee: "paging through a growing list of keys shows each earlier key exactly once", Run: pageKeys},
		{ID: "page.audit", Guarantee: "paging through a growing audit trail shows each earlier entry exactly once, newest first", Run: pageAudit},
		{ID: "page.members", Guarantee: "paging through a growing list of members shows each earlier member exactly once", Run: pageMembers},
	}
}

// listSize is how many items a paged list begins with: three and a half pages.
const listSize = 7

func pageKeys(t *T) {
	n := t.tenant("paging keys", t.largest().Name)
	add := func() { t.key(t.operator, n, in{"org": n.id, "scopes": t.manageScopeFor("listKeys")}) }
	for range listSize - 1 {
		add()
	}
	t.pageThrough(n.admin, "listKeys", nil, "id", add)
}

func pageAudit(t *T) {
	n := t.tenant("paging audit", t.largest().Name)
	rename := func() { t.mustOp(n.admin, "updateOrg", in{"org": n.id, "name": t.email("name")}) }
	for range listSize - 2 {
		rename()
	}
	seen := t.pageThrough(n.admin, "listAudit", nil, "id", rename)
	for i := 1; i < len(seen); i++ {
		newer, _ := time.Parse(time.RFC3339, textOf(seen[i-1], "at"))
		if at, err := time.Parse(time.RFC3339, textOf(seen[i], "at")); err != nil || at.After(newer) {
			t.Errorf("listAudit: an entry of %v is listed after one of %v", seen[i]["at"], seen[i-1]["at"])
		}
	}
}

func pageMembers(t *T) {
	n := t.tenant("paging members", t.largest().Name)
	add := func() {
		t.wantStatus(t.op(n.admin, "addMember", in{"org": n.id, "email": t.email("m"), "role": "member"}), http.StatusCreated)
	}
	for range listSize - 1 {
		add()
	}
	t.pageThrough(n.admin, "listMembers", in{"org": n.id}, "user", add)
}

// pageThrough reads a list in pages of two, adding an item after each page.
func (t *T) pageThrough(secret, operation string, input in, id string, grow func()) []map[string]any {
	all := t.listed(secret, operation, input)
	ask := in{"limit": 2}
	for name, value := range input {
		ask[name] = value
	}
	if style := t.contract.Paging.Style; !t.routes[operation].OwnShape(t.contract) && style != "cursor" {
		t.notApplicable = "paging by " + style + " shifts a growing list: it was read without growing"
		grow = func() {}
	}
	seen := map[any]int{}
	var found []map[string]any
	for range 2 * listSize {
		page := t.mustOp(secret, operation, ask)
		got := objects(page.value("data"))
		if len(got) > 2 {
			t.Errorf("%s: a page of 2 has %d items", page.asked, len(got))
		}
		for _, one := range got {
			seen[one[id]]++
			found = append(found, one)
		}
		if !t.nextPage(operation, ask, page, 2) {
			break
		}
		grow()
	}
	for _, one := range all {
		if seen[one[id]] == 0 {
			t.Errorf("%s: %v was skipped", operation, one[id])
		}
	}
	for one, times := range seen {
		if times > 1 {
			t.Errorf("%s: %v was shown %d times", operation, one, times)
		}
	}
	if len(all) != listSize {
		t.Errorf("%s: the list began with %d items, want %d", operation, len(all), listSize)
	}
	return found
}
