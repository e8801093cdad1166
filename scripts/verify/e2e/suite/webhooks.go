package suite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// webhooks returns the cases of contracts whose webhooks send the events of matches in
// Statgate's own form; the others have cases of their own. Those whose ids begin with
// "webhook.sent" need the deployment to call this machine.
func webhooks(c *contract.Contract) []Case {
	if _, ok := c.Operations["createWebhook"]; !ok || len(c.Webhooks.Events) > 0 {
		return nil
	}
	return []Case{
		{ID: "webhook.life", Guarantee: "a webhook is created, read, listed, changed and deleted; its signing secret is shown once; the audit trail has each change", Run: webhookLife},
		{ID: "webhook.refused", Guarantee: "an invalid field of a webhook is refused by name, and so is a key without the scopes", Run: webhookRefused},
		{ID: "webhook.cap", Guarantee: "of webhooks created concurrently, exactly the limit are created", Run: webhookCap},
		{ID: "webhook.tenant", Guarantee: "another organisation's webhook answers like an unknown one", Run: webhookTenant},
		{ID: "webhook.sent", Guarantee: "a change of an organisation's match is sent, signed and as GET shows it, to its own webhooks only", Run: webhookSent},
		{ID: "webhook.sent.report", Guarantee: "an event in a match is sent together with the match", Run: webhookReport},
		{ID: "webhook.sent.filter", Guarantee: "a webhook is sent only the event types and teams that it selects", Run: webhookFilter},
		{ID: "webhook.sent.test", Guarantee: "a test delivery is sent, and the list of deliveries shows its result", Run: webhookTest},
		{ID: "webhook.sent.again", Guarantee: "a failed delivery is retried under the same webhook-id, and can be redelivered later", Run: webhookAgain},
		{ID: "webhook.sent.gone", Guarantee: "a webhook whose address answers 410 is disabled, and shows the reason", Run: webhookGone},
		{ID: "webhook.sent.rotate", Guarantee: "during the overlap of a rotation, both signing secrets sign", Run: webhookRotate},
		{ID: "webhook.sent.ended", Guarantee: "a disabled or deleted webhook is sent nothing", Run: webhookEnded},
	}
}

// hook is a webhook that the run created.
type hook struct {
	id, secret string
	box        *inbox
}

// hook creates a webhook that sends to a new inbox of this run. The case does not apply where
// the deployment cannot call this machine.
func (t *T) hook(secret string, spec in, answers ...int) hook {
	if t.receiver == nil {
		t.NotApplicable("the deployment cannot call this machine, or --receive names no address")
	}
	box := t.receiver.box(fmt.Sprintf("%s-%d", t.id, hooks.Add(1)), answers...)
	input := in{"url": box.url}
	for name, value := range spec {
		input[name] = value
	}
	made := t.op(secret, "createWebhook", input)
	t.wantStatus(made, http.StatusCreated)
	return hook{made.text("id"), made.text("signing_secret"), box}
}

var hooks atomic.Int64

// noMatchEvents selects a type of event that no other case causes.
var noMatchEvents = in{"types": []string{"match.stats.updated"}}

// awaitFanout waits until the fan-out's cached list has the webhooks that were created before.
func (t *T) awaitFanout() {
	select {
	case <-time.After(3500 * time.Millisecond):
	case <-t.ctx.Done():
	}
}

// deleteHooks deletes webhooks, so that they no longer count towards the limit.
func (t *T) deleteHooks(secret string, hooks ...hook) {
	for _, h := range hooks {
		t.op(secret, "deleteWebhook", in{"webhook": h.id})
	}
}

func webhookLife(t *T) {
	secret := t.allDataKey(t.home)
	made := t.op(secret, "createWebhook", in{"url": "https://example.com/a", "description": t.id, "types": []string{"match.updated"}})
	t.wantStatus(made, http.StatusCreated)
	id := made.text("id")
	if key := made.text("signing_secret"); !strings.HasPrefix(key, "whsec_") || len(key) < 38 {
		t.Errorf("%s: the answer has no signing secret", made.asked)
	}
	read := t.mustOp(secret, "getWebhook", in{"webhook": id})
	if read.text("url") != "https://example.com/a" || read.text("state") != "enabled" || read.text("signing_secret") != "" || strings.Contains(string(read.Body), "whsec_") {
		t.Errorf("%s: got %s", read.asked, read.brief())
	}
	if list := t.listed(secret, "listWebhooks", in{}); !slices.ContainsFunc(list, func(w map[string]any) bool { return w["id"] == id }) {
		t.Errorf("listWebhooks: %s is missing", id)
	}
	changed := t.mustOp(secret, "updateWebhook", in{"webhook": id, "url": "https://example.com/b", "types": []string{}, "state": "disabled"})
	if changed.text("url") != "https://example.com/b" || changed.text("state") != "disabled" || changed.text("description") != t.id {
		t.Errorf("%s: got %s", changed.asked, changed.brief())
	}
	rotated := t.mustOp(secret, "rotateWebhook", in{"webhook": id})
	if next := rotated.text("signing_secret"); !strings.HasPrefix(next, "whsec_") || next == made.text("signing_secret") {
		t.Errorf("%s: the signing secret did not change", rotated.asked)
	}
	t.wantError(t.op(secret, "createDelivery", in{"webhook": id}), api.ConflictState)
	t.mustOp(secret, "deleteWebhook", in{"webhook": id})
	t.wantError(t.op(secret, "getWebhook", in{"webhook": id}), api.NotFound)
	t.wantError(t.op(secret, "deleteWebhook", in{"webhook": id}), api.NotFound)
	var actions []string
	for _, entry := range t.listed(t.home.admin, "listAudit", in{"key": id}) {
		actions = append(actions, textOf(entry, "action"))
	}
	if got, want := strings.Join(actions, " "), "webhook.delete webhook.rotate webhook.update webhook.create"; got != want {
		t.Errorf("the audit trail of %s has %q, want %q", id, got, want)
	}
}

func webhookRefused(t *T) {
	secret := t.allDataKey(t.home)
	for field, input := range map[string]in{
		"url":     {"url": "ftp://example.com/a"},
		"types":   {"url": "https://example.com", "types": []string{"match.upated"}},
		"leagues": {"url": "https://example.com", "leagues": []string{""}},
	} {
		r := t.op(secret, "createWebhook", input)
		t.wantError(r, api.InputField)
		if !strings.Contains(string(r.Body), `"`+field+`"`) {
			t.Errorf("%s: %s does not name %s", r.asked, r.brief(), field)
		}
	}
	t.wantError(t.op(secret, "createWebhook", in{}), api.InputField)
	hook := t.op(secret, "createWebhook", in{"url": "https://example.com/filters"})
	t.wantStatus(hook, http.StatusCreated)
	for _, r := range []Reply{
		t.op(secret, "createWebhook", in{"url": "https://example.com", "leagues": []string{"xx.1"}, "teams": []string{"unknown-fc"}}),
		t.op(secret, "updateWebhook", in{"webhook": hook.text("id"), "leagues": []string{"xx.1"}, "teams": []string{"unknown-fc"}}),
	} {
		t.wantError(r, api.InputField)
		for _, field := range []string{"leagues[0]", "teams[0]"} {
			if !strings.Contains(string(r.Body), `"`+field+`"`) {
				t.Errorf("%s: %s does not name %s, which does not exist", r.asked, r.brief(), field)
			}
		}
	}
	t.mustOp(secret, "deleteWebhook", in{"webhook": hook.text("id")})
	reader := t.key(t.home.admin, t.home, in{"scopes": []string{"read:webhooks"}}).secret
	t.mustOp(reader, "listWebhooks", in{})
	if r := t.op(reader, "createWebhook", in{"url": "https://example.com"}); !t.denied(r) {
		t.Errorf("%s: got %s, want a key that reads to be denied", r.asked, r.brief())
	}
	t.wantError(t.op(secret, "rotateWebhook", in{"webhook": "whk_01k5z3m9v8e2q4w6r8t0y2u4i6"}), api.NotFound)
}

func webhookCap(t *T) {
	const most = 20
	secret := t.allDataKey(t.tenant("hooks", t.largest().Name))
	made, refused := t.createMany(most+4, func() Reply { return t.op(secret, "createWebhook", in{"url": "https://example.com/a"}) })
	list := t.listed(secret, "listWebhooks", in{})
	if made != most || refused != 4 || len(list) != most {
		t.Errorf("%d webhooks were created, %d refused, %d are listed; want %d", made, refused, len(list), most)
	}
	for _, w := range list {
		t.mustOp(secret, "deleteWebhook", in{"webhook": w["id"]})
	}
}

// createMany creates n objects concurrently, and counts those that are created and those that
// the maximum refuses.
func (t *T) createMany(n int, create func() Reply) (made, refused int64) {
	var created, full atomic.Int64
	t.each(n, func(int) {
		switch r := create(); {
		case r.Status == http.StatusCreated:
			created.Add(1)
		case t.mismatch(r, api.ConflictLimit) == nil:
			full.Add(1)
		default:
			t.Errorf("%s: got %s", r.asked, r.brief())
		}
	})
	return created.Load(), full.Load()
}

// wantForeign checks that operations on an object of another organisation answer like those on
// an unknown one. The parameter names the object, and inputs has what else each operation needs.
func (t *T) wantForeign(secret, parameter, id, unknown string, inputs map[string]in) {
	for operation, input := range inputs {
		ask := func(id string) Reply {
			asked := in{parameter: id}
			for name, value := range input {
				asked[name] = value
			}
			return t.op(secret, operation, asked)
		}
		foreign := ask(id)
		t.wantError(foreign, api.NotFound)
		t.sameAnswer(foreign, ask(unknown))
	}
}

func webhookTenant(t *T) {
	mine, theirs := t.allDataKey(t.home), t.allDataKey(t.tenant("hooked", t.largest().Name))
	made := t.op(theirs, "createWebhook", in{"url": "https://example.com/a"})
	t.wantStatus(made, http.StatusCreated)
	t.wantForeign(mine, "webhook", made.text("id"), "whk_01k5z3m9v8e2q4w6r8t0y2u4i6", map[string]in{
		"getWebhook": {}, "updateWebhook": {"state": "disabled"}, "deleteWebhook": {}, "rotateWebhook": {}, "listDeliveries": {}, "createDelivery": {},
	})
	if list := t.listed(theirs, "listWebhooks", in{}); len(list) != 1 || list[0]["state"] != "enabled" {
		t.Errorf("the list of its organisation is now %v", list)
	}
	t.mustOp(theirs, "deleteWebhook", in{"webhook": made.text("id")})
}

func webhookSent(t *T) {
	other := t.tenant("listeners", t.largest().Name)
	mine, theirs := t.writerKey(t.home), t.writerKey(other)
	h, foreign := t.hook(mine, nil), t.hook(theirs, nil)
	defer t.deleteHooks(mine, h)
	defer t.deleteHooks(theirs, foreign)
	t.awaitFanout()
	m, _ := t.createMatch(mine, nil)
	id := textOf(m, "id")
	created := t.awaitEvent(h.box, "match.created", id)
	t.checkSigned(created, h.secret)
	if got := created.event.Data["match"]; string(encode(got)) != string(encode(m)) {
		t.Errorf("sent as %.300s, created as %.300s", encode(got), encode(m))
	}
	after := t.item(t.mustOp(mine, "updateMatch", in{"match": id, "status": "live", "minute": 1, "score": goals(0, 0)}))
	updated := t.awaitEvent(h.box, "match.updated", id)
	t.checkSigned(updated, h.secret)
	if got := updated.event.Data; string(encode(got["match"])) != string(encode(after)) || string(encode(got["changed"])) != `["status","minute","score"]` {
		t.Errorf("sent as %.400s, changed to %.300s", encode(got), encode(after))
	}
	t.mustOp(mine, "deleteMatch", in{"match": id})
	t.checkSigned(t.awaitEvent(h.box, "match.deleted", id), h.secret)
	seen := map[string]bool{}
	for _, p := range h.box.all() {
		if seen[p.id()] {
			t.Errorf("%s was sent again after a 2xx answer", p.id())
		}
		seen[p.id()] = true
	}
	t.createMatch(theirs, nil)
	t.awaitAttempt(foreign.box, "the other organisation's match", func(p attempt) bool { return p.event.Type == "match.created" })
	for _, p := range t.sent(theirs, foreign) {
		if within(p.event.Data, "match", "owner") == t.home.id {
			t.Errorf("another organisation received an event of %s", id)
		}
	}
}

func webhookReport(t *T) {
	if t.hands.PutReport == nil {
		t.NotApplicable("it takes access to the reports of matches")
	}
	mine := t.writerKey(t.home)
	h := t.hook(mine, in{"types": []string{"match.event.created"}})
	defer t.deleteHooks(mine, h)
	t.awaitFanout()
	m, _ := t.createMatch(mine, in{"status": "live"})
	if err := t.hands.PutReport(t.ctx, textOf(m, "id")); err != nil {
		t.Fatalf("reporting a goal: %v", err)
	}
	goal := t.awaitEvent(h.box, "match.event.created", m["id"])
	t.checkSigned(goal, h.secret)
	if got := goal.event.Data; string(encode(got["match"])) != string(encode(m)) || within(got, "event", "type") != "goal" {
		t.Errorf("sent as %.400s", encode(got))
	}
}

func webhookFilter(t *T) {
	mine := t.writerKey(t.home)
	deletions := t.hook(mine, in{"types": []string{"match.deleted"}})
	elsewhere := t.hook(mine, in{"leagues": []any{t.first("listLeagues", nil)["id"]}})
	all := t.hook(mine, nil)
	defer t.deleteHooks(mine, deletions, elsewhere, all)
	t.awaitFanout()
	m, _ := t.createMatch(mine, nil)
	team := t.hook(mine, in{"teams": []string{textOf(m, "home", "id")}})
	defer t.deleteHooks(mine, team)
	t.awaitFanout()
	t.mustOp(mine, "updateMatch", in{"match": m["id"], "status": "postponed"})
	t.createMatch(mine, in{"home": t.teamInput("Unrelated"), "away": t.teamInput("Else")})
	t.mustOp(mine, "deleteMatch", in{"match": m["id"]})
	for _, b := range []*inbox{deletions.box, all.box, team.box} {
		t.awaitEvent(b, "match.deleted", m["id"])
	}
	t.awaitAttempt(all.box, "the other match", func(p attempt) bool { return strings.Contains(string(p.body), "Unrelated") })
	for _, p := range t.sent(mine, deletions) {
		if p.event.Type != "match.deleted" {
			t.Errorf("%s was sent to a webhook for deletions", p.event.Type)
		}
	}
	for _, p := range t.sent(mine, team) {
		if strings.Contains(string(p.body), "Unrelated") {
			t.Errorf("another team's match was sent to a team's webhook")
		}
	}
	for _, p := range t.sent(mine, elsewhere) {
		if strings.Contains(string(p.body), fmt.Sprint(m["id"])) {
			t.Errorf("%s of a match without a league was sent to a league's webhook", p.event.Type)
		}
	}
}

// delivery polls a webhook's delivery until it is as wanted.
func (t *T) delivery(secret, webhook, id string, wanted func(d map[string]any) bool) map[string]any {
	var last map[string]any
	for end := time.Now().Add(t.patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		for _, d := range t.items(t.mustOp(secret, "listDeliveries", in{"webhook": webhook})) {
			if d["id"] == id {
				last = d
			}
		}
		if last != nil && wanted(last) {
			return last
		}
	}
	t.Fatalf("delivery %s is not as expected: %v", id, last)
	return nil
}

// sent returns all attempts of a webhook that have arrived, when none of its deliveries is pending.
// Deliveries are stored before those of the same change are sent, so a case that has received one
// of them can say what another webhook did not get, however late the attempts are.
func (t *T) sent(secret string, h hook) []attempt {
	pending := func() bool {
		return slices.ContainsFunc(t.items(t.mustOp(secret, "listDeliveries", in{"webhook": h.id})), func(d map[string]any) bool { return d["state"] == "pending" })
	}
	for end := time.Now().Add(t.patience); pending(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("a delivery of webhook %s is pending after %s", h.id, t.patience)
		}
	}
	return h.box.all()
}

// webhook reads a webhook until it is as wanted, or for as long as the suite waits. The state
// of a webhook follows that of its delivery.
func (t *T) webhook(secret, id string, wanted func(r Reply) bool) (last Reply) {
	for end := time.Now().Add(t.patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if last = t.mustOp(secret, "getWebhook", in{"webhook": id}); wanted(last) {
			break
		}
	}
	return last
}

func delivered(d map[string]any) bool { return d["state"] == "delivered" }

func webhookTest(t *T) {
	mine := t.allDataKey(t.home)
	h := t.hook(mine, noMatchEvents)
	defer t.deleteHooks(mine, h)
	sent := t.op(mine, "createDelivery", in{"webhook": h.id})
	t.wantStatus(sent, http.StatusAccepted)
	p := t.awaitTest(h.box)
	t.checkSigned(p, h.secret)
	if p.id() != sent.text("event") || p.event.Data["webhook"] != h.id {
		t.Errorf("got %s %.200s, want %s", p.id(), p.body, sent.brief())
	}
	if d := t.delivery(mine, h.id, sent.text("id"), delivered); d["status"] != float64(204) || d["attempts"] != float64(1) || d["error"] != nil {
		t.Errorf("the delivery is listed as %v", d)
	}
}

func webhookAgain(t *T) {
	mine := t.allDataKey(t.home)
	h := t.hook(mine, noMatchEvents, http.StatusInternalServerError)
	defer t.deleteHooks(mine, h)
	release := h.box.hold()
	defer release()
	sent := t.op(mine, "createDelivery", in{"webhook": h.id})
	t.wantStatus(sent, http.StatusAccepted)
	id := sent.text("id")
	d := t.delivery(mine, h.id, id, func(d map[string]any) bool { return d["attempts"] != float64(0) })
	if d["state"] != "pending" || d["status"] != float64(500) || d["next_at"] == nil || d["error"] == nil {
		t.Errorf("after a failed attempt the delivery is %v", d)
	}
	if t.webhook(mine, h.id, func(r Reply) bool { return r.value("failing_since") != nil }).value("failing_since") == nil {
		t.Errorf("getWebhook: failing_since is null, want a time")
	}
	release()
	d = t.delivery(mine, h.id, id, delivered)
	if d["attempts"] != float64(2) || d["error"] != nil {
		t.Errorf("after the second attempt the delivery is %v", d)
	}
	t.wantStatus(t.op(mine, "createDelivery", in{"webhook": h.id, "delivery": id}), http.StatusAccepted)
	t.awaitAttempt(h.box, "a third attempt", func(attempt) bool { return len(h.box.all()) >= 3 })
	for _, p := range h.box.all() {
		t.checkSigned(p, h.secret)
		if p.id() != sent.text("event") {
			t.Errorf("webhook-id is %s, want %s", p.id(), sent.text("event"))
		}
	}
	r := t.op(mine, "createDelivery", in{"webhook": h.id, "delivery": "dlv_01k5z3m9v8e2q4w6r8t0y2u4i6"})
	t.wantError(r, api.InputField)
}

func webhookGone(t *T) {
	mine := t.allDataKey(t.home)
	h := t.hook(mine, noMatchEvents, http.StatusGone)
	defer t.deleteHooks(mine, h)
	sent := t.op(mine, "createDelivery", in{"webhook": h.id})
	t.wantStatus(sent, http.StatusAccepted)
	t.delivery(mine, h.id, sent.text("id"), func(d map[string]any) bool { return d["state"] == "failed" })
	is := t.webhook(mine, h.id, func(r Reply) bool { return r.text("state") == "disabled" })
	if is.text("state") != "disabled" || is.text("reason") == "" {
		t.Errorf("%s: got %s", is.asked, is.brief())
	}
	t.wantError(t.op(mine, "createDelivery", in{"webhook": h.id}), api.ConflictState)
	back := t.mustOp(mine, "updateWebhook", in{"webhook": h.id, "state": "enabled"})
	if back.value("reason") != nil || back.value("failing_since") != nil {
		t.Errorf("%s: got %s", back.asked, back.brief())
	}
}

func webhookRotate(t *T) {
	mine := t.allDataKey(t.home)
	h := t.hook(mine, noMatchEvents)
	defer t.deleteHooks(mine, h)
	rotated := t.mustOp(mine, "rotateWebhook", in{"webhook": h.id, "overlap": "1h"})
	t.wantError(t.op(mine, "rotateWebhook", in{"webhook": h.id}), api.ConflictRotation)
	t.wantStatus(t.op(mine, "createDelivery", in{"webhook": h.id}), http.StatusAccepted)
	t.checkSigned(t.awaitTest(h.box), rotated.text("signing_secret"), h.secret)
}

func webhookEnded(t *T) {
	mine := t.writerKey(t.home)
	disabled, deleted, open := t.hook(mine, nil), t.hook(mine, nil), t.hook(mine, nil)
	defer t.deleteHooks(mine, disabled, open)
	t.mustOp(mine, "updateWebhook", in{"webhook": disabled.id, "state": "disabled"})
	t.mustOp(mine, "deleteWebhook", in{"webhook": deleted.id})
	m, _ := t.createMatch(mine, nil)
	t.awaitFanout() // for the webhook that remains
	t.mustOp(mine, "deleteMatch", in{"match": m["id"]})
	ofIt := func(p attempt) bool { return within(p.event.Data, "match", "id") == m["id"] }
	t.awaitAttempt(open.box, "match.deleted", func(p attempt) bool { return p.event.Type == "match.deleted" && ofIt(p) })
	for _, p := range append(t.sent(mine, disabled), deleted.box.all()...) {
		if ofIt(p) { // earlier events of the other cases that share the organisation may have been sent
			t.Errorf("%s was sent to a disabled or deleted webhook", p.event.Type)
		}
	}
}
