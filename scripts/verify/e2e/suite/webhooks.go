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

// The cases whose ids begin with "webhook.sent" want this machine to be called.
func webhooks(c *contract.Contract) []Case {
	if _, ok := c.Operations["createWebhook"]; !ok {
		return nil
	}
	return []Case{
		{ID: "webhook.life", Says: "a webhook is made, read, listed, changed and deleted; its signing secret is shown once; the audit trail has each", Run: webhookLife},
		{ID: "webhook.refused", Says: "what could not be sent to is refused by the field's name, and a key without the scopes by its scopes", Run: webhookRefused},
		{ID: "webhook.cap", Says: "of webhooks made at once as many are made as there may be", Run: webhookCap},
		{ID: "webhook.tenant", Says: "another organisation's webhook answers as an unknown one does", Run: webhookTenant},
		{ID: "webhook.sent", Says: "what happens to an organisation's match is sent to its webhooks, signed, as GET shows it, and to nobody else's", Run: webhookSent},
		{ID: "webhook.sent.report", Says: "what happens in a match is sent with the match", Run: webhookReport},
		{ID: "webhook.sent.filter", Says: "a webhook is sent the types and teams that it names, and no other", Run: webhookFilter},
		{ID: "webhook.sent.test", Says: "a webhook can be tried, and its list of deliveries tells how that went", Run: webhookTest},
		{ID: "webhook.sent.again", Says: "a delivery that is not taken comes again under the same webhook-id, and can be asked for later", Run: webhookAgain},
		{ID: "webhook.sent.gone", Says: "an address that answers 410 is sent no more, and the webhook says why", Run: webhookGone},
		{ID: "webhook.sent.rotate", Says: "while a replaced signing secret has not ended, both sign", Run: webhookRotate},
		{ID: "webhook.sent.ended", Says: "a webhook that was disabled or deleted is sent nothing", Run: webhookEnded},
	}
}

// hook is a webhook of the run.
type hook struct {
	id, secret string
	box        *inbox
}

// hook makes a webhook with an inbox of this run; without a way to be called the case
// is void.
func (t *T) hook(secret string, spec in, answers ...int) hook {
	if t.receiver == nil {
		t.Void("this machine cannot be called from there, or -receive does not say by which address")
	}
	box := t.receiver.box(fmt.Sprintf("%s-%d", t.id, hooks.Add(1)), answers...)
	input := in{"url": box.url}
	for name, value := range spec {
		input[name] = value
	}
	made := t.op(secret, "createWebhook", input)
	t.must(made, http.StatusCreated)
	return hook{made.text("id"), made.text("signing_secret"), box}
}

var hooks atomic.Int64

// quiet is a webhook that is sent nothing of what other cases do.
var quiet = in{"types": []string{"match.stats.updated"}}

// known waits until whoever sends events knows the webhooks that were made before.
func (t *T) known() {
	select {
	case <-time.After(3500 * time.Millisecond):
	case <-t.ctx.Done():
	}
}

// ended deletes webhooks, so that their places are free.
func (t *T) ended(secret string, hooks ...hook) {
	for _, h := range hooks {
		t.op(secret, "deleteWebhook", in{"webhook": h.id})
	}
}

func webhookLife(t *T) {
	secret := t.allData(t.home)
	made := t.op(secret, "createWebhook", in{"url": "https://example.com/a", "description": t.id, "types": []string{"match.updated"}})
	t.must(made, http.StatusCreated)
	id := made.text("id")
	if key := made.text("signing_secret"); !strings.HasPrefix(key, "whsec_") || len(key) < 38 {
		t.Errorf("%s: its signing secret is none", made.asked)
	}
	read := t.does(secret, "getWebhook", in{"webhook": id})
	if read.text("url") != "https://example.com/a" || read.text("state") != "enabled" || read.text("signing_secret") != "" || strings.Contains(string(read.Body), "whsec_") {
		t.Errorf("%s: got %s", read.asked, read.brief())
	}
	if list := t.listed(secret, "listWebhooks", in{}); !slices.ContainsFunc(list, func(w map[string]any) bool { return w["id"] == id }) {
		t.Errorf("listWebhooks does not have %s", id)
	}
	changed := t.does(secret, "updateWebhook", in{"webhook": id, "url": "https://example.com/b", "types": []string{}, "state": "disabled"})
	if changed.text("url") != "https://example.com/b" || changed.text("state") != "disabled" || changed.text("description") != t.id {
		t.Errorf("%s: got %s", changed.asked, changed.brief())
	}
	rotated := t.does(secret, "rotateWebhook", in{"webhook": id})
	if next := rotated.text("signing_secret"); !strings.HasPrefix(next, "whsec_") || next == made.text("signing_secret") {
		t.Errorf("%s: the signing secret is not another one", rotated.asked)
	}
	t.refused(t.op(secret, "createDelivery", in{"webhook": id}), api.ConflictState)
	t.does(secret, "deleteWebhook", in{"webhook": id})
	t.refused(t.op(secret, "getWebhook", in{"webhook": id}), api.NotFound)
	t.refused(t.op(secret, "deleteWebhook", in{"webhook": id}), api.NotFound)
	var actions []string
	for _, entry := range t.listed(t.home.admin, "listAudit", in{"key": id}) {
		actions = append(actions, textOf(entry, "action"))
	}
	if got, want := strings.Join(actions, " "), "webhook.delete webhook.rotate webhook.update webhook.create"; got != want {
		t.Errorf("the audit trail of %s has %q, want %q", id, got, want)
	}
}

func webhookRefused(t *T) {
	secret := t.allData(t.home)
	for field, input := range map[string]in{
		"url":     {"url": "ftp://example.com/a"},
		"types":   {"url": "https://example.com", "types": []string{"match.upated"}},
		"leagues": {"url": "https://example.com", "leagues": []string{""}},
	} {
		r := t.op(secret, "createWebhook", input)
		t.refused(r, api.InputField)
		if !strings.Contains(string(r.Body), `"`+field+`"`) {
			t.Errorf("%s: %s does not name %s", r.asked, r.brief(), field)
		}
	}
	t.refused(t.op(secret, "createWebhook", in{}), api.InputField)
	reader := t.key(t.home.admin, t.home, in{"scopes": []string{"read:webhooks"}}).secret
	t.does(reader, "listWebhooks", in{})
	if r := t.op(reader, "createWebhook", in{"url": "https://example.com"}); !t.denied(r) {
		t.Errorf("%s: got %s, want a key that reads to be denied", r.asked, r.brief())
	}
	t.refused(t.op(secret, "rotateWebhook", in{"webhook": "whk_01k5z3m9v8e2q4w6r8t0y2u4i6"}), api.NotFound)
}

func webhookCap(t *T) {
	const most = 20
	secret := t.allData(t.tenant("hooks", t.largest().Name))
	var made, refused atomic.Int64
	t.each(most+4, func(int) {
		r := t.op(secret, "createWebhook", in{"url": "https://example.com/a"})
		switch {
		case r.Status == http.StatusCreated:
			made.Add(1)
		case t.wrong(r, api.ConflictLimit) == nil:
			refused.Add(1)
		default:
			t.Errorf("%s: got %s", r.asked, r.brief())
		}
	})
	list := t.listed(secret, "listWebhooks", in{})
	if made.Load() != most || refused.Load() != 4 || len(list) != most {
		t.Errorf("%d were made, %d refused, %d are listed; want %d", made.Load(), refused.Load(), len(list), most)
	}
	for _, w := range list {
		t.does(secret, "deleteWebhook", in{"webhook": w["id"]})
	}
}

func webhookTenant(t *T) {
	mine, theirs := t.allData(t.home), t.allData(t.tenant("hooked", t.largest().Name))
	made := t.op(theirs, "createWebhook", in{"url": "https://example.com/a"})
	t.must(made, http.StatusCreated)
	for operation, input := range map[string]in{
		"getWebhook": {}, "updateWebhook": {"state": "disabled"}, "deleteWebhook": {}, "rotateWebhook": {}, "listDeliveries": {}, "createDelivery": {},
	} {
		ask := func(id string) Reply {
			asked := in{"webhook": id}
			for name, value := range input {
				asked[name] = value
			}
			return t.op(mine, operation, asked)
		}
		foreign := ask(made.text("id"))
		t.refused(foreign, api.NotFound)
		t.alike(foreign, ask("whk_01k5z3m9v8e2q4w6r8t0y2u4i6"))
	}
	if list := t.listed(theirs, "listWebhooks", in{}); len(list) != 1 || list[0]["state"] != "enabled" {
		t.Errorf("it is %v now", list)
	}
	t.does(theirs, "deleteWebhook", in{"webhook": made.text("id")})
}

func webhookSent(t *T) {
	other := t.tenant("listeners", t.largest().Name)
	mine, theirs := t.author(t.home), t.author(other)
	h, foreign := t.hook(mine, nil), t.hook(theirs, nil)
	defer t.ended(mine, h)
	defer t.ended(theirs, foreign)
	t.known()
	m, _ := t.makes(mine, nil)
	id := textOf(m, "id")
	about := func(kind string) func(p parcel) bool {
		return func(p parcel) bool { return p.event.Type == kind && within(p.event.Data, "match", "id") == id }
	}
	created := t.awaits(h.box, "match.created", about("match.created"))
	t.authentic(created, h.secret)
	if got := created.event.Data["match"]; string(encode(got)) != string(encode(m)) {
		t.Errorf("sent as %.300s, made as %.300s", encode(got), encode(m))
	}
	after := t.item(t.does(mine, "updateMatch", in{"match": id, "status": "live", "minute": 1, "score": goals(0, 0)}))
	updated := t.awaits(h.box, "match.updated", about("match.updated"))
	t.authentic(updated, h.secret)
	if got := updated.event.Data; string(encode(got["match"])) != string(encode(after)) || string(encode(got["changed"])) != `["status","minute","score"]` {
		t.Errorf("sent as %.400s, changed to %.300s", encode(got), encode(after))
	}
	t.does(mine, "deleteMatch", in{"match": id})
	t.authentic(t.awaits(h.box, "match.deleted", about("match.deleted")), h.secret)
	seen := map[string]bool{}
	for _, p := range h.box.all() {
		if seen[p.id()] {
			t.Errorf("%s came twice, though it was taken", p.id())
		}
		seen[p.id()] = true
	}
	t.makes(theirs, nil)
	t.awaits(foreign.box, "the other organisation's match", func(p parcel) bool { return p.event.Type == "match.created" })
	for _, p := range foreign.box.all() {
		if within(p.event.Data, "match", "owner") == t.home.id {
			t.Errorf("another organisation was told of %s", id)
		}
	}
}

func webhookReport(t *T) {
	if t.hands.Report == nil {
		t.Void("nobody can report of a match here")
	}
	mine := t.author(t.home)
	h := t.hook(mine, in{"types": []string{"match.event.created"}})
	defer t.ended(mine, h)
	t.known()
	m, _ := t.makes(mine, in{"status": "live"})
	if err := t.hands.Report(t.ctx, textOf(m, "id")); err != nil {
		t.Fatalf("reporting a goal: %v", err)
	}
	goal := t.awaitsType(h.box, "match.event.created")
	t.authentic(goal, h.secret)
	if got := goal.event.Data; string(encode(got["match"])) != string(encode(m)) || within(got, "event", "type") != "goal" {
		t.Errorf("sent as %.400s", encode(got))
	}
}

func webhookFilter(t *T) {
	mine := t.author(t.home)
	deletions := t.hook(mine, in{"types": []string{"match.deleted"}})
	elsewhere := t.hook(mine, in{"leagues": []string{"xx.1"}})
	all := t.hook(mine, nil)
	defer t.ended(mine, deletions, elsewhere, all)
	t.known()
	m, _ := t.makes(mine, nil)
	team := t.hook(mine, in{"teams": []string{textOf(m, "home", "id")}})
	defer t.ended(mine, team)
	t.known()
	t.does(mine, "updateMatch", in{"match": m["id"], "status": "postponed"})
	t.makes(mine, in{"home": t.side("Nobody"), "away": t.side("Else")})
	t.does(mine, "deleteMatch", in{"match": m["id"]})
	for _, b := range []*inbox{deletions.box, all.box, team.box} {
		t.awaitsType(b, "match.deleted")
	}
	t.awaits(all.box, "the other match", func(p parcel) bool { return strings.Contains(string(p.body), "Nobody") })
	for _, p := range deletions.box.all() {
		if p.event.Type != "match.deleted" {
			t.Errorf("%s was sent to who wants deletions", p.event.Type)
		}
	}
	for _, p := range team.box.all() {
		if strings.Contains(string(p.body), "Nobody") {
			t.Errorf("another team's match was sent")
		}
	}
	if n := len(elsewhere.box.all()); n != 0 {
		t.Errorf("%d events of no league were sent to who wants a league's", n)
	}
}

// delivery waits until a webhook's delivery is as wanted.
func (t *T) delivery(secret, webhook, id string, wanted func(d map[string]any) bool) map[string]any {
	var last map[string]any
	for end := time.Now().Add(t.patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		for _, d := range t.items(t.does(secret, "listDeliveries", in{"webhook": webhook})) {
			if d["id"] == id {
				last = d
			}
		}
		if last != nil && wanted(last) {
			return last
		}
	}
	t.Fatalf("delivery %s is %v", id, last)
	return nil
}

func delivered(d map[string]any) bool { return d["state"] == "delivered" }

func webhookTest(t *T) {
	mine := t.allData(t.home)
	h := t.hook(mine, quiet)
	defer t.ended(mine, h)
	sent := t.op(mine, "createDelivery", in{"webhook": h.id})
	t.must(sent, http.StatusAccepted)
	p := t.awaitsType(h.box, "webhook.test")
	t.authentic(p, h.secret)
	if p.id() != sent.text("event") || p.event.Data["webhook"] != h.id {
		t.Errorf("got %s %.200s, want %s", p.id(), p.body, sent.brief())
	}
	if d := t.delivery(mine, h.id, sent.text("id"), delivered); d["status"] != float64(204) || d["attempts"] != float64(1) || d["error"] != nil {
		t.Errorf("it is listed as %v", d)
	}
}

func webhookAgain(t *T) {
	mine := t.allData(t.home)
	h := t.hook(mine, quiet, http.StatusInternalServerError)
	defer t.ended(mine, h)
	sent := t.op(mine, "createDelivery", in{"webhook": h.id})
	t.must(sent, http.StatusAccepted)
	id := sent.text("id")
	d := t.delivery(mine, h.id, id, func(d map[string]any) bool { return d["attempts"] != float64(0) })
	if d["state"] != "pending" || d["status"] != float64(500) || d["next_at"] == nil || d["error"] == nil {
		t.Errorf("after an attempt that was not taken it is %v", d)
	}
	if failing := t.does(mine, "getWebhook", in{"webhook": h.id}).value("failing_since"); failing == nil {
		t.Errorf("the webhook does not say that it fails")
	}
	d = t.delivery(mine, h.id, id, delivered)
	if d["attempts"] != float64(2) || d["error"] != nil {
		t.Errorf("after the second attempt it is %v", d)
	}
	t.must(t.op(mine, "createDelivery", in{"webhook": h.id, "delivery": id}), http.StatusAccepted)
	t.awaits(h.box, "a third attempt", func(parcel) bool { return len(h.box.all()) >= 3 })
	for _, p := range h.box.all() {
		t.authentic(p, h.secret)
		if p.id() != sent.text("event") {
			t.Errorf("it came as %s, and was sent as %s", p.id(), sent.text("event"))
		}
	}
	r := t.op(mine, "createDelivery", in{"webhook": h.id, "delivery": "dlv_01k5z3m9v8e2q4w6r8t0y2u4i6"})
	t.refused(r, api.InputField)
}

func webhookGone(t *T) {
	mine := t.allData(t.home)
	h := t.hook(mine, quiet, http.StatusGone)
	defer t.ended(mine, h)
	sent := t.op(mine, "createDelivery", in{"webhook": h.id})
	t.must(sent, http.StatusAccepted)
	t.delivery(mine, h.id, sent.text("id"), func(d map[string]any) bool { return d["state"] == "failed" })
	var is Reply
	for end := time.Now().Add(t.patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if is = t.does(mine, "getWebhook", in{"webhook": h.id}); is.text("state") == "disabled" {
			break
		}
	}
	if is.text("state") != "disabled" || is.text("reason") == "" {
		t.Errorf("%s: got %s", is.asked, is.brief())
	}
	t.refused(t.op(mine, "createDelivery", in{"webhook": h.id}), api.ConflictState)
	back := t.does(mine, "updateWebhook", in{"webhook": h.id, "state": "enabled"})
	if back.value("reason") != nil || back.value("failing_since") != nil {
		t.Errorf("%s: got %s", back.asked, back.brief())
	}
}

func webhookRotate(t *T) {
	mine := t.allData(t.home)
	h := t.hook(mine, quiet)
	defer t.ended(mine, h)
	rotated := t.does(mine, "rotateWebhook", in{"webhook": h.id, "overlap": "1h"})
	t.refused(t.op(mine, "rotateWebhook", in{"webhook": h.id}), api.ConflictRotation)
	t.must(t.op(mine, "createDelivery", in{"webhook": h.id}), http.StatusAccepted)
	t.authentic(t.awaitsType(h.box, "webhook.test"), rotated.text("signing_secret"), h.secret)
}

func webhookEnded(t *T) {
	mine := t.author(t.home)
	disabled, deleted, open := t.hook(mine, nil), t.hook(mine, nil), t.hook(mine, nil)
	defer t.ended(mine, disabled, open)
	t.does(mine, "updateWebhook", in{"webhook": disabled.id, "state": "disabled"})
	t.does(mine, "deleteWebhook", in{"webhook": deleted.id})
	m, _ := t.makes(mine, nil)
	t.known() // for the one that is left
	t.does(mine, "deleteMatch", in{"match": m["id"]})
	ofIt := func(p parcel) bool { return within(p.event.Data, "match", "id") == m["id"] }
	t.awaits(open.box, "match.deleted", func(p parcel) bool { return p.event.Type == "match.deleted" && ofIt(p) })
	for _, p := range append(disabled.box.all(), deleted.box.all()...) {
		if ofIt(p) { // what else came may be of before, when others worked here too
			t.Errorf("%s was sent to a webhook that had ended", p.event.Type)
		}
	}
}
