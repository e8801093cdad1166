package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// changeFeed returns the cases of contracts with the change feed. Those whose ids begin with
// "changes.fed" need the deployment to follow the changes of its data.
func changeFeed(c *contract.Contract) []Case {
	if _, ok := c.Operations["listChanges"]; !ok {
		return nil
	}
	return []Case{
		{ID: "changes.filters", Guarantee: "a filter of the change feed by an unknown league, team or type is refused by name", Run: changesFilters},
		{ID: "changes.cursor", Guarantee: "the next cursor is never null; a cursor of other filters or of another organisation is refused", Run: changesCursor},
		{ID: "changes.scope", Guarantee: "a key without the scope of matches reads no change", Run: changesScope},
		{ID: "changes.fed", Guarantee: "changes of a match are listed once, in their order and with its versions; a deletion leaves a tombstone", Run: changesFed},
		{ID: "changes.fed.report", Guarantee: "an event in a match is listed by its id, with that of the match", Run: changesReport},
		{ID: "changes.fed.filter", Guarantee: "the change feed lists only the types and teams that are asked for", Run: changesFilter},
		{ID: "changes.fed.tenant", Guarantee: "another organisation's changes are not listed", Run: changesTenant},
		{ID: "webhook.sent.feed", Guarantee: "a delivery's webhook-id is the event id that the change feed lists", Run: changesWebhook},
	}
}

// changeReader reads the change feed on from where it stopped.
type changeReader struct {
	t      *T
	secret string
	ask    in
	all    []map[string]any
}

// changesOf returns a reader of the changes of a team's matches.
func (t *T) changesOf(secret, team string) *changeReader {
	return &changeReader{t: t, secret: secret, ask: in{"team": team, "limit": 2}}
}

// page reads a page and returns its changes.
func (r *changeReader) page() []map[string]any {
	reply := r.t.mustOp(r.secret, "listChanges", r.ask)
	next, _ := slot(r.t.contract.Shapes.List, reply.value(), "next").(string)
	if next == "" {
		r.t.Fatalf("%s: got %s, want a next cursor", reply.asked, reply.brief())
	}
	r.ask["cursor"] = next
	some := r.t.items(reply)
	r.all = append(r.all, some...)
	return some
}

// await reads until the changes are as wanted.
func (r *changeReader) await(what string, wanted func(c map[string]any) bool) map[string]any {
	for end := time.Now().Add(r.t.patience); time.Now().Before(end); {
		some := r.page()
		if i := slices.IndexFunc(some, wanted); i >= 0 {
			return some[i]
		}
		if len(some) == 0 {
			select {
			case <-time.After(200 * time.Millisecond):
			case <-r.t.ctx.Done():
				r.t.Fatalf("waiting for %s: %v", what, r.t.ctx.Err())
			}
		}
	}
	r.t.Fatalf("the change feed does not list %s within %s, but %.600s", what, r.t.patience, encode(r.all))
	return nil
}

func (r *changeReader) awaitType(kind string) map[string]any {
	return r.await(kind, func(c map[string]any) bool { return c["type"] == kind })
}

func changesFilters(t *T) {
	secret := t.allDataKey(t.home)
	for name, value := range map[string]string{"league": "xx.1", "team": "unknown-fc"} {
		r := t.op(secret, "listChanges", in{name: value})
		t.wantError(r, api.NotFound)
		if !strings.Contains(string(r.Body), name) {
			t.Errorf("%s: %s does not name %s", r.asked, r.brief(), name)
		}
	}
	r := t.op(secret, "listChanges", in{"types": "match.upated"})
	t.wantError(r, api.InputParameter)
	if !strings.Contains(string(r.Body), "types") {
		t.Errorf("%s: %s does not name types", r.asked, r.brief())
	}
	for name, operation := range map[string]string{"league": "listLeagues", "team": "listTeams"} {
		if _, ok := t.routes[operation]; !ok {
			continue
		}
		for _, found := range t.items(t.mustOp(secret, operation, in{"limit": 1})) {
			for _, c := range t.items(t.mustOp(secret, "listChanges", in{name: found["id"], "types": "match.updated,match.deleted"})) {
				if kind := textOf(c, "type"); kind != "match.updated" && kind != "match.deleted" {
					t.Errorf("listChanges: got %s", kind)
				}
			}
		}
	}
}

func changesCursor(t *T) {
	mine, theirs := t.allDataKey(t.home), t.allDataKey(t.tenant("reader", t.largest().Name))
	first := t.mustOp(mine, "listChanges", in{"limit": 1})
	cursor, _ := slot(t.contract.Shapes.List, first.value(), "next").(string)
	if cursor == "" {
		t.Fatalf("%s: got %s, want a next cursor", first.asked, first.brief())
	}
	again := t.mustOp(mine, "listChanges", in{"cursor": cursor, "limit": 1})
	if next, _ := slot(t.contract.Shapes.List, again.value(), "next").(string); next == "" {
		t.Errorf("%s: got %s, want a next cursor", again.asked, again.brief())
	}
	for _, r := range []Reply{
		t.op(theirs, "listChanges", in{"cursor": cursor}),
		t.op(mine, "listChanges", in{"cursor": cursor, "types": "match.updated"}),
		t.op(mine, "listChanges", in{"cursor": "x" + cursor}),
	} {
		t.wantError(r, api.InputCursor)
	}
}

func changesScope(t *T) {
	var others []string
	for _, scope := range t.dataScopes() {
		if !slices.Contains(t.routes["listChanges"].Scopes(t.contract.Scopes), scope) {
			others = append(others, scope)
		}
	}
	if len(others) == 0 {
		t.NotApplicable("every data scope reads matches")
	}
	secret := t.key(t.home.admin, t.home, in{"scopes": others}).secret
	if r := t.op(secret, "listChanges", in{}); !t.denied(r) {
		t.Errorf("%s: got %s, want a key with the scopes %v to be denied", r.asked, r.brief(), others)
	}
}

func changesFed(t *T) {
	secret := t.writerKey(t.home)
	m, _ := t.createMatch(secret, nil)
	feed := t.changesOf(secret, textOf(m, "home", "id"))
	feed.awaitType("match.created")
	before := len(feed.all)
	live := t.item(t.mustOp(secret, "updateMatch", in{"match": m["id"], "status": "live", "minute": 1, "score": goals(0, 0)}))
	scored := t.item(t.mustOp(secret, "updateMatch", in{"match": m["id"], "minute": 2, "score": goals(1, 0)}))
	t.mustOp(secret, "deleteMatch", in{"match": m["id"]})
	deleted := feed.awaitType("match.deleted")
	got, events := []string{}, map[any]bool{}
	for _, c := range feed.all {
		got = append(got, fmt.Sprint(c["type"], " ", c["version"]))
		if c["id"] != m["id"] || c["match"] != m["id"] || c["owner"] != t.home.id || string(encode(c["teams"])) != string(encode([]any{within(m, "home", "id"), within(m, "away", "id")})) {
			t.Errorf("got the change %s of %.300s", encode(c), encode(m))
		}
		if events[c["event"]] {
			t.Errorf("the event %v is listed twice", c["event"])
		}
		events[c["event"]] = true
	}
	want := []string{fmt.Sprint("match.created ", m["version"]), fmt.Sprint("match.updated ", live["version"]),
		fmt.Sprint("match.updated ", scored["version"]), fmt.Sprint("match.deleted ", scored["version"])}
	if before != 1 || !slices.Equal(got, want) {
		t.Errorf("the changes are %q, %d of them before the first update, want %q", got, before, want)
	}
	if at, err := time.Parse(time.RFC3339, textOf(deleted, "deleted_at")); err != nil || time.Since(at).Abs() > time.Hour || deleted["replaced_by"] != nil {
		t.Errorf("the tombstone is %s", encode(deleted))
	}
	if feed.all[0]["deleted_at"] != nil {
		t.Errorf("a creation has a time of deletion: %s", encode(feed.all[0]))
	}
}

func changesReport(t *T) {
	if t.hands.PutReport == nil {
		t.NotApplicable("it takes access to the reports of matches")
	}
	secret := t.writerKey(t.home)
	m, _ := t.createMatch(secret, in{"status": "live"})
	if err := t.hands.PutReport(t.ctx, textOf(m, "id")); err != nil {
		t.Fatalf("reporting a goal: %v", err)
	}
	c := t.changesOf(secret, textOf(m, "home", "id")).awaitType("match.event.created")
	goals := t.items(t.mustOp(secret, "listMatchEvents", in{"match": m["id"]}))
	if len(goals) != 1 || c["id"] != goals[0]["id"] || c["match"] != m["id"] || c["version"] != goals[0]["version"] {
		t.Errorf("the goal is listed as %s in the feed, and as %s with its match", encode(c), encode(goals))
	}
}

func changesFilter(t *T) {
	secret := t.writerKey(t.home)
	m, _ := t.createMatch(secret, nil)
	other, _ := t.createMatch(secret, in{"home": t.teamInput("Unrelated"), "away": t.teamInput("Else")})
	t.mustOp(secret, "updateMatch", in{"match": m["id"], "status": "postponed"})
	all := t.changesOf(secret, textOf(m, "home", "id"))
	typed := t.changesOf(secret, textOf(m, "away", "id"))
	typed.ask["types"] = "match.updated,match.deleted"
	t.changesOf(secret, textOf(other, "away", "id")).awaitType("match.created")
	for _, r := range []*changeReader{all, typed} {
		r.awaitType("match.updated")
		for _, c := range r.all {
			if c["match"] != m["id"] || r == typed && c["type"] != "match.updated" {
				t.Errorf("%v got %s", r.ask, encode(c))
			}
		}
	}
	if len(all.all) != 2 || len(typed.all) != 1 {
		t.Errorf("got %d changes of the team and %d of the types, want 2 and 1", len(all.all), len(typed.all))
	}
}

func changesTenant(t *T) {
	other := t.tenant("watchers", t.largest().Name)
	mine, theirs := t.writerKey(t.home), t.writerKey(other)
	m, _ := t.createMatch(mine, nil)
	t.changesOf(mine, textOf(m, "home", "id")).awaitType("match.created")
	their, _ := t.createMatch(theirs, nil)
	feed := &changeReader{t: t, secret: theirs, ask: in{"limit": 100, "types": "match.created"}}
	feed.await("their match", func(c map[string]any) bool { return c["match"] == their["id"] })
	for _, c := range feed.all {
		if c["match"] == m["id"] || c["owner"] != "public" && c["owner"] != other.id {
			t.Errorf("another organisation reads %s", encode(c))
		}
	}
	t.wantError(t.op(theirs, "listChanges", in{"team": textOf(m, "home", "id")}), api.NotFound)
}

func changesWebhook(t *T) {
	if _, ok := t.routes["createWebhook"]; !ok {
		t.NotApplicable("the contract has no webhooks")
	}
	secret := t.writerKey(t.home)
	h := t.hook(secret, nil)
	defer t.deleteHooks(secret, h)
	t.awaitFanout()
	m, _ := t.createMatch(secret, nil)
	sent := t.awaitAttempt(h.box, "match.created", func(p attempt) bool {
		return p.event.Type == "match.created" && within(p.event.Data, "match", "id") == m["id"]
	})
	if c := t.changesOf(secret, textOf(m, "home", "id")).awaitType("match.created"); c["event"] != sent.id() {
		t.Errorf("the webhook-id is %s, and the feed lists %s", sent.id(), encode(c))
	}
}
