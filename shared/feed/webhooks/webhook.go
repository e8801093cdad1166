// Package webhooks stores webhook endpoints and delivery status.
//
// A webhook belongs to an organisation: a URL, and the events that it subscribes to. A
// delivery is one event for one webhook. It is pending until the receiver accepts it, its
// attempts are used up, or the webhook is disabled or deleted. Each attempt begins with a
// conditional write that takes a lease. So one attempt is made at a time, and none after
// the delivery has ended, however many workers there are and however often an event is read
// again.
//
// Deliveries are signed according to Standard Webhooks. The signing secret is in the
// webhook's item, sealed under a pepper, so a copy of the table cannot sign.
package webhooks

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"statgate/shared/api"
	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

// States of a webhook.
const (
	Enabled  = "enabled"
	Disabled = "disabled"
)

// testType is the type of the event that tests a webhook.
const testType = "webhook.test"

// MaxPerOrg is how many webhooks an organisation may have. Each of them costs a write and a
// request per event.
const MaxPerOrg = 20

// Bounds of a webhook's settings.
const (
	maxURLBytes  = 2048
	maxFilterIDs = 50
)

// Webhook is an endpoint that receives an organisation's events.
type Webhook struct {
	ID          string     `json:"id" doc:"Webhook id" example:"whk_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Org         string     `json:"org" doc:"Organisation id"`
	URL         string     `json:"url" doc:"Endpoint that receives the events" example:"https://example.com/statgate"`
	Description string     `json:"description" doc:"Description of your own, at most 200 characters" example:"Scores for the app"`
	Types       []string   `json:"types" doc:"Event types to send; empty for all" example:"[\"match.updated\"]"`
	Leagues     []string   `json:"leagues" doc:"Ids of leagues whose matches to send; empty for all" example:"[\"en.1\"]"`
	Teams       []string   `json:"teams" doc:"Ids of teams whose matches to send; empty for all" example:"[\"leicester-city-fc\"]"`
	State       string     `json:"state" enum:"enabled,disabled" doc:"Webhook state"`
	Reason      *string    `json:"reason" doc:"Reason why failed deliveries disabled the webhook; null if they did not"`
	CreatedAt   time.Time  `json:"created_at" doc:"Creation time"`
	CreatedBy   string     `json:"created_by" doc:"Id of the key that created the webhook" example:"key_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	UpdatedAt   time.Time  `json:"updated_at" doc:"Time of the last change"`
	FailingAt   *time.Time `json:"failing_since" doc:"Time of the first failed delivery since the last successful one; null if the last delivery succeeded"`
	RotatedAt   *time.Time `json:"rotated_at" doc:"Time of the last rotation of the signing secret; null if it was never rotated"`
	PreviousEnd *time.Time `json:"previous_expires_at" doc:"Time until which the previous signing secret also signs; null if it does not sign"`

	// User is the user for whom the webhook acts: who made it or, later, last set its URL. It
	// is "" where no event depends on it.
	User         string `json:"-"`
	SecretPrefix string `json:"-" view:"secret_prefix" doc:"First characters of the signing secret; empty if unknown" example:"whsec_MfKQ"`
}

// WebhookWithSecret is a webhook with its signing secret.
type WebhookWithSecret struct {
	Webhook
	SigningSecret string `json:"signing_secret" doc:"Secret that signs deliveries (Standard Webhooks); shown only in this response" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
}

// changeTimePrecision is the precision of the time of a change in a stream.
const changeTimePrecision = time.Minute

// Subscribes reports whether the webhook subscribes to an event that its organisation may see.
// It does not receive events from before it was made, which a stream may begin with.
func (w *Webhook) Subscribes(e *events.Event) bool {
	if e.At.Before(w.CreatedAt.Add(-changeTimePrecision)) {
		return false
	}
	if len(w.Types) > 0 && !slices.Contains(w.Types, e.Type) {
		return false
	}
	if e.Contest != nil {
		return len(w.Leagues) == 0 && len(w.Teams) == 0 // the filters are for matches
	}
	m := e.Of
	return (len(w.Leagues) == 0 || slices.Contains(w.Leagues, string(m.League))) &&
		(len(w.Teams) == 0 || slices.Contains(w.Teams, m.Home.ID) || slices.Contains(w.Teams, m.Away.ID))
}

// Sees reports whether the webhook's organisation may see an owner's matches.
func (w *Webhook) Sees(owner string, hidePublic bool) bool {
	return owner == w.Org || owner == matches.Public && !hidePublic
}

// record is a webhook as it is stored.
type record struct {
	Webhook
	Rev    int64  // incremented by every change
	Last   string // mark of the call that last changed it
	Secret int64  // number of the current signing secret, from 1
	// Present is the current secret. Previous is the one before it while that signs too.
	Present, Previous sealed
}

const (
	headSort      = "HEAD"
	webhookPrefix = "WEBHOOK#"
	listed        = "WEBHOOKS" // partition of the index of all enabled webhooks
)

func partition(org string) string { return table.Join("WEBHOOKS", org) }

func head(org string) table.Key { return table.Key{Partition: partition(org), Sort: headSort} }

func address(org, id string) table.Key {
	return table.Key{Partition: partition(org), Sort: webhookPrefix + id}
}

func (r *record) item() table.Item {
	at := address(r.Org, r.ID)
	it := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
		"id": r.ID, "org": r.Org, "url": r.URL, "description": r.Description, "types": table.List(r.Types), "leagues": table.List(r.Leagues), "teams": table.List(r.Teams),
		"state": r.State, "created_at": r.CreatedAt.Unix(), "created_by": r.CreatedBy, "updated_at": r.UpdatedAt.Unix(),
		"rev": r.Rev, "secret": r.Secret, "last": r.Last, "pepper": r.Present.Pepper, "sealed": r.Present.Text}
	if r.Previous != (sealed{}) {
		it["previous_pepper"], it["previous_sealed"] = r.Previous.Pepper, r.Previous.Text
	}
	for name, at := range map[string]*time.Time{"failing_at": r.FailingAt, "rotated_at": r.RotatedAt, "previous_end": r.PreviousEnd} {
		if at != nil {
			it[name] = at.Unix()
		}
	}
	for name, text := range map[string]string{"user": r.User, "secret_prefix": r.SecretPrefix} {
		if text != "" {
			it[name] = text
		}
	}
	if r.Reason != nil {
		it["reason"] = *r.Reason
	}
	if r.State == Enabled {
		it["list_pk"], it["list_sk"] = listed, r.ID
	}
	return it
}

func fromItem(it table.Item) (record, bool) {
	if !strings.HasPrefix(it.Str(table.SortAttr), webhookPrefix) {
		return record{}, false
	}
	r := record{Rev: it.Int("rev"), Secret: it.Int("secret"), Last: it.Str("last"),
		Present: sealed{it.Str("pepper"), it.Str("sealed")}, Previous: sealed{it.Str("previous_pepper"), it.Str("previous_sealed")}, Webhook: Webhook{
			ID: it.Str("id"), Org: it.Str("org"), URL: it.Str("url"), Description: it.Str("description"),
			Types: it.Texts("types"), Leagues: it.Texts("leagues"), Teams: it.Texts("teams"), State: it.Str("state"),
			CreatedAt: time.Unix(it.Int("created_at"), 0).UTC(), CreatedBy: it.Str("created_by"), UpdatedAt: time.Unix(it.Int("updated_at"), 0).UTC(),
			User: it.Str("user"), SecretPrefix: it.Str("secret_prefix"),
			FailingAt: optionalTime(it, "failing_at"), RotatedAt: optionalTime(it, "rotated_at"), PreviousEnd: optionalTime(it, "previous_end"),
		}}
	if reason := it.Str("reason"); reason != "" {
		r.Reason = &reason
	}
	return r, true
}

// shown returns the webhook without the end of a secret that has ended.
func (r record) shown(now time.Time) Webhook {
	if r.PreviousEnd != nil && !r.PreviousEnd.After(now) {
		r.PreviousEnd = nil
	}
	return r.Webhook
}

func optionalTime(it table.Item, attr string) *time.Time {
	n := it.Int(attr)
	if n == 0 {
		return nil
	}
	at := time.Unix(n, 0).UTC()
	return &at
}

// settings are a webhook's fields in the audit trail.
type settings struct {
	URL         string   `json:"url"`
	Description string   `json:"description"`
	Types       []string `json:"types"`
	Leagues     []string `json:"leagues"`
	Teams       []string `json:"teams"`
	State       string   `json:"state"`
	Secret      int64    `json:"signing_secret_number"`
	User        string   `json:"user,omitempty"` // for whom it acts, where that decides what it receives
}

func (r *record) settings() settings {
	return settings{r.URL, r.Description, r.Types, r.Leagues, r.Teams, r.State, r.Secret, r.User}
}

// check refuses settings that would deliver nothing, and drops duplicates. Kinds are the
// types of events of the contract.
func (w *Webhook) check(private bool, kinds []api.EventKind) *api.Error {
	if err := checkURL(w.URL, private); err != nil {
		return err
	}
	w.Types, w.Leagues, w.Teams = distinct(w.Types), distinct(w.Leagues), distinct(w.Teams)
	var names []string
	for _, k := range kinds {
		names = append(names, k.Type)
	}
	for _, t := range w.Types {
		if !slices.Contains(names, t) {
			return api.FieldError("types", "unknown event type %q; must be one of %s", truncate(t), strings.Join(names, ", "))
		}
	}
	return checkIDs(w.Leagues, w.Teams)
}

// checkIDs refuses filters with too many ids, and texts that cannot be ids.
func checkIDs(leagues, teams []string) *api.Error {
	for field, ids := range map[string][]string{"leagues": leagues, "teams": teams} {
		if len(ids) > maxFilterIDs {
			return api.FieldError(field, "must have at most %d ids", maxFilterIDs)
		}
		for _, id := range ids {
			if id == "" || len(id) > 200 {
				return api.FieldError(field, "must be ids, got %q", truncate(id))
			}
		}
	}
	return nil
}

// distinct drops all but the first of equal texts.
func distinct(all []string) []string {
	seen, kept := map[string]bool{}, make([]string, 0, len(all))
	for _, text := range all {
		if !seen[text] {
			seen[text], kept = true, append(kept, text)
		}
	}
	return kept
}

func truncate(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}

// checkURL accepts https URLs of the open internet. The addresses that a name resolves to
// are checked when it is dialled, as they may change. With private, URLs on this machine
// and its network, and without TLS, are accepted too.
func checkURL(text string, private bool) *api.Error {
	if len(text) > maxURLBytes {
		return api.FieldError("url", "must have at most %d bytes", maxURLBytes)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return api.FieldError("url", "must be ASCII without spaces: write host names as xn--… and other path characters as %%XX")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return api.FieldError("url", "must be an absolute URL, such as https://example.com/hook")
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return api.FieldError("url", "must begin with https://")
	case u.User != nil:
		return api.FieldError("url", "must not contain a user name or password, which readers of the webhook would see")
	case strings.Contains(text, "#"):
		return api.FieldError("url", "must not have a fragment (#…), which is not sent")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return api.FieldError("url", "port must be 1–65535")
		}
	}
	return checkHost(u.Hostname(), private)
}

// hostName is a name that can be resolved. Its last label is not a number: some resolvers
// read 127.1 and 0x7f.1 as addresses, others as names.
var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkHost(host string, private bool) *api.Error {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	ip, err := netip.ParseAddr(host)
	if err != nil && (!hostName.MatchString(host) || len(host) > 253) {
		return api.FieldError("url", "must have a host name or an IP address")
	}
	if private || err == nil && isPublic(ip) {
		return nil
	}
	if err == nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local") {
		return api.FieldError("url", "must be on the public internet")
	}
	return nil
}

// guard checks for networks outside the open internet. Package deliver uses the same rules
// when it dials.
var guard = ssrf.New(ssrf.WithAnyPort())

func isPublic(ip netip.Addr) bool {
	network := "tcp4"
	if ip.Is6() {
		network = "tcp6"
	}
	return ip.Zone() == "" && guard.Safe(network, netip.AddrPortFrom(ip, 443).String(), nil) == nil
}
