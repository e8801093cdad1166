package suite

import (
	"net/http"
	"slices"
)

func inputs() []Case {
	return []Case{
		{ID: "input.lists", Guarantee: "a list parameter takes values separated by commas, repeated parameters, or both", Run: inputLists},
		{ID: "input.unchanged", Guarantee: "a PATCH that changes nothing answers with the object and is not in the audit trail", Run: inputUnchanged},
	}
}

func inputLists(t *T) {
	route, ok := t.routes["listMatches"]
	if !ok {
		t.NotApplicable("the contract has no list of matches")
	}
	name := "ids"
	if theirs, renamed := t.contract.Operations["listMatches"].Names["ids"]; renamed {
		name = theirs
	}
	const a, b = "m_unknown1", "m_unknown2"
	var bodies []string
	for _, values := range [][]string{{a + "," + b}, {a, b}, {a + "," + b, a}} {
		r := t.send(request{method: http.MethodGet, path: route.Path, secret: t.reader.secret, query: map[string][]string{name: values}})
		t.wantStatus(r, http.StatusOK)
		bodies = append(bodies, r.Header.Get("ETag"))
	}
	if got := slices.Compact(bodies); len(got) != 1 {
		t.Errorf("the forms of a list have ETags %q, want one", got)
	}
	empty := request{method: http.MethodGet, path: route.Path, secret: t.reader.secret, query: map[string][]string{name: {a, ""}}}
	if r := t.send(empty); r.Status < 400 || r.Status >= 500 {
		t.Errorf("%s: got %s, want an empty item refused", r.asked, r.brief())
	}
}

func inputUnchanged(t *T) {
	made := t.mustOp(t.home.admin, "createKey", t.spec())
	id, name := made.text("id"), made.text("name")
	before := t.mustOp(t.home.admin, "getKey", in{"key": id})
	entries := t.entriesOf(id)
	route := t.routes["updateKey"]
	for _, edit := range []in{{}, {"name": name}} {
		changed := t.send(request{method: route.Method, path: pathOf(route, map[string]string{"key": id}), secret: t.home.admin, body: encode(edit), unchanging: true})
		t.wantStatus(changed, http.StatusOK)
		if got := changed.text("name"); got != name {
			t.Errorf("%s: got the name %q, want %q", changed.asked, got, name)
		}
	}
	after := t.mustOp(t.home.admin, "getKey", in{"key": id})
	first, _ := before.value().(map[string]any)
	last, _ := after.value().(map[string]any)
	delete(first, "usage") // the end of a quota window changes it
	delete(last, "usage")
	if len(first) < 10 || string(encode(last)) != string(encode(first)) {
		t.Errorf("%s: got %s, want %s as before", after.asked, encode(last), encode(first))
	}
	if got := t.entriesOf(id); got != entries {
		t.Errorf("the trail has %d entries of the key, want %d", got, entries)
	}
}

// entriesOf returns how many audit entries a key has.
func (t *T) entriesOf(key string) int {
	return len(t.listed(t.home.admin, "listAudit", in{"key": key}))
}
