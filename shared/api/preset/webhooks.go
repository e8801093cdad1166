package preset

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// eventForm is a name of a type of events.
var eventForm = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)

// webhooks checks the settings of webhooks.
func (c *compiler) webhooks(src source, scopes contract.Scopes) contract.Webhooks {
	_, deployed := src.Operations["createWebhook"]
	if deployed && scopes.NeedFor("webhooks:write") == contract.NeedsGame {
		c.fail([]string{"operations", "createWebhook"}, "no scope may grant webhooks:write with needs game: a webhook belongs to an organisation and to no game")
	}
	w := src.Webhooks
	if w == nil {
		return contract.Webhooks{}
	}
	if !deployed {
		c.fail([]string{"webhooks"}, "requires the operation createWebhook")
	}
	got := contract.Webhooks{Events: w.Events, Explicit: w.Explicit, FinalRefusals: w.FinalRefusals}
	c.eventNames(w.Events)
	if w.Overlap != "" {
		d, err := contract.ParseDuration(w.Overlap)
		if err != nil || d <= 0 || d > maxWebhookOverlap {
			c.fail([]string{"webhooks", "overlap"}, "must be a duration of at most 7d, longer than 0s, got %q", w.Overlap)
		}
		got.Overlap = int64(d.Seconds())
	}
	if len(w.Body) > 0 {
		at := []string{"webhooks", "body"}
		body, err := tree(w.Body, bodySlots)
		switch {
		case err != nil:
			c.fail(at, "%v", err)
		case !body.Has("data") || !body.Has("type"):
			c.fail(at, "must have the slots $type and $data")
		}
		c.leaves(at, w.Body, true)
		got.Body = body
	}
	got.Headers = c.deliveryHeaders(w.Headers)
	return got
}

// maxWebhookOverlap is the longest overlap of signing secrets, as in package webhooks.
const maxWebhookOverlap = 7 * 24 * time.Hour

// eventNames checks that each type of events exists, and that its name is unique.
func (c *compiler) eventNames(names map[string]string) {
	var taken []string
	for _, ours := range sortedKeys(names) {
		theirs, at := names[ours], []string{"webhooks", "events", ours}
		if !slices.Contains(c.known.Events, ours) {
			c.fail(at, "must be a type of events, one of %s", strings.Join(c.known.Events, ", "))
		}
		if !eventForm.MatchString(theirs) || slices.Contains(taken, theirs) {
			c.fail(at, "must be a name that is used only once: 1–64 lower-case letters, digits, _, . and -, beginning with a letter, got %q", theirs)
		}
		taken = append(taken, theirs)
	}
}

// deliveryHeaders checks the names of headers, and returns the slots without their sign.
func (c *compiler) deliveryHeaders(headers map[string]string) map[string]string {
	var got map[string]string
	var taken []string
	for _, name := range sortedKeys(headers) {
		at, canonical := []string{"webhooks", "headers", name}, http.CanonicalHeaderKey(name)
		slot := strings.TrimPrefix(headers[name], "$")
		if slot == headers[name] || slot != "id" && slot != "type" {
			c.fail(at, "must be one of the slots $id, $type, got %q", headers[name])
		}
		if !headerForm.MatchString(name) || slices.Contains(taken, canonical) {
			c.fail(at, "must be a header name that is used only once, got %q", name)
		}
		if slices.Contains(reservedHeaders, canonical) || slices.Contains(requestHeaders, canonical) || strings.HasPrefix(canonical, "Webhook-") {
			c.fail(at, "%s has another meaning in requests", name)
		}
		if got == nil {
			got = map[string]string{}
		}
		got[name], taken = slot, append(taken, canonical)
	}
	return got
}

// requestHeaders are headers of requests that a contract cannot set.
var requestHeaders = []string{"Accept-Encoding", "Authorization", "Cookie", "Expect", "Host", "Te", "Trailer", "Upgrade", "User-Agent"}

// ownShape checks the envelope of one operation.
func (c *compiler) ownShape(at []string, route api.Route, o operationSource, style string) *contract.Node {
	if len(o.Shape) == 0 {
		return nil
	}
	at = append(slices.Clone(at), "shape")
	list := c.known.paged(route.Operation)
	slots := append(slices.Clone(itemSlots), "true")
	if list {
		slots = append(slices.Clone(listSlots), "true")
	}
	n, err := tree(o.Shape, slots)
	if err != nil {
		c.fail(at, "%v", err)
		return nil
	}
	c.leaves(at, o.Shape, true)
	if list && !n.Has("items") {
		c.fail(at, "must have the slot $items")
	}
	if list && style == "cursor" && !n.Has("next") && !slices.Contains(api.OnePage, route.Operation) {
		c.fail(at, "must have the slot $next")
	}
	return n
}
