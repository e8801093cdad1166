package keys_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"statgate/shared/access/keys/keystest"
	"statgate/shared/table"
)

// names returns the names of the keys in a list, in order.
func names(list map[string]any) []string {
	found := []string{}
	for _, k := range objects(list, "data") {
		found = append(found, text(k, "name"))
	}
	return found
}

func TestKeysAreFoundByOwnerAndByPartOfWhatPeopleSee(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	made := map[string]map[string]any{}
	for _, name := range []string{"Live scores", "Straße 7", "ＦＵＬＬ width", "archive"} {
		made[name] = c.owner.does("createKey", input{"name": name, "user": c.memberUser, "scopes": []string{"read:matches"}})
	}
	c.owner.does("revokeKey", input{"key": made["archive"]["id"]})
	all := []string{"archive", "ＦＵＬＬ width", "Straße 7", "Live scores", "member", "admin", "owner"}
	mine := all[:5]
	for what, q := range map[string]struct {
		by   *person
		in   input
		want []string
	}{
		"none":                          {c.owner, input{}, all},
		"owner":                         {c.owner, input{"owner": c.memberUser}, mine},
		"another owner":                 {c.owner, input{"owner": c.adminUser}, []string{"admin"}},
		"an unknown owner":              {c.owner, input{"owner": "usr_01k5z3m9v8e2q4w6r8t0y2u4i6"}, []string{}},
		"no id at all":                  {c.owner, input{"owner": "not-an-id"}, []string{}},
		"owner and state":               {c.owner, input{"owner": c.memberUser, "state": "revoked"}, []string{"archive"}},
		"part of a name":                {c.owner, input{"q": "ChIv"}, []string{"archive"}},
		"spaces at the ends":            {c.owner, input{"q": "  live s "}, []string{"Live scores"}},
		"letters beyond ASCII":          {c.owner, input{"q": "STRAßE"}, []string{"Straße 7"}},
		"full width":                    {c.owner, input{"q": "full w"}, []string{"ＦＵＬＬ width"}},
		"part of the prefix":            {c.owner, input{"q": "SG_LI"}, all},
		"the last four":                 {c.owner, input{"q": text(made["Straße 7"], "last_four"), "owner": c.memberUser, "state": "active"}, []string{"Straße 7"}},
		"nothing":                       {c.owner, input{"q": "no such key"}, []string{}},
		"all three":                     {c.owner, input{"q": "EMBE", "owner": c.memberUser, "state": "active"}, []string{"member"}},
		"an operator":                   {c.operator, input{"org": c.org, "q": "admin"}, []string{"admin"}},
		"a stranger, by another's user": {c.stranger, input{"owner": c.memberUser}, []string{}},
	} {
		if got := names(q.by.does("listKeys", q.in)); !slices.Equal(got, q.want) {
			t.Errorf("%s: got %q, want %q", what, got, q.want)
		}
	}
	for what, q := range map[string]struct {
		in   input
		want []string
	}{
		"none": {input{}, mine}, "another owner": {input{"owner": c.ownerUser}, []string{}}, "the name of another's": {input{"q": "admin"}, []string{}},
	} {
		if got, err := c.ofMember("listKeys", q.in); err != nil || !slices.Equal(names(got), q.want) {
			t.Errorf("a member, %s: got %q, %v, want %q", what, names(got), err, q.want)
		}
	}
	for _, q := range []string{"", strings.Repeat("x", 81)} {
		if _, err := c.owner.try("listKeys", input{"q": q}); err == nil {
			t.Errorf("q of %d characters is accepted", len(q))
		}
	}
}

// TestAFilteredPageReadsABoundedNumberOfKeys has many keys that the filters leave out.
func TestAFilteredPageReadsABoundedNumberOfKeys(t *testing.T) {
	t.Parallel()
	counting := &reads{Table: keystest.Memory(t)}
	c := newScenario(t, counting)
	it, err := c.Table.Get(t.Context(), table.Key{Partition: "ORG#" + c.org, Sort: "KEY#" + c.memberKey}, true)
	if err != nil || it == nil {
		t.Fatalf("the member's key: %v, %v", it, err)
	}
	const more = 2500
	for i := range more { // newer than the scenario's keys
		other := maps.Clone(it)
		id := fmt.Sprintf("key_7zzzzzzzzzzzzzzzzzzzzz%04d", i)
		other["sk"], other["id"], other["name"], other["owner"] = "KEY#"+id, id, fmt.Sprint("copy ", i), c.adminUser
		if _, err := c.Table.Write(t.Context(), table.Put(other)); err != nil {
			t.Fatal(err)
		}
	}
	r := c.Request(c.owner.cached)
	op := c.calls["listKeys"]
	r.Route = op.route
	var found []string
	pages, after := 0, ""
	for {
		counting.queries.Store(0)
		page, err := c.invoke(r, op, input{"owner": c.memberUser, "limit": "10", "after": after})
		if err != nil {
			t.Fatal(err)
		}
		if n := counting.queries.Load(); n > 11 {
			t.Errorf("a page takes %d queries of 100 keys, want at most 11", n)
		}
		found = append(found, names(page)...)
		pages++
		if after = text(page, "next"); after == "" {
			break
		}
	}
	if want := []string{"member"}; !slices.Equal(found, want) || pages != 3 {
		t.Errorf("got %q on %d pages, want %q on 3", found, pages, want)
	}
}
