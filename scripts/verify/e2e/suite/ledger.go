package suite

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// ledger is what the run did and saw: the cases that judge the whole run hold
// the deployment's own records against it.
type ledger struct {
	mutex   sync.Mutex
	owner   map[string]string         // secret → key id
	signing map[string]string         // signing secret → webhook id
	passed  map[string]map[string]int // key id → operation → calls that the gate let through
	changes map[string]change         // request id → what it changed; see named
	oneID   bool                      // all requests have the same id
	told    map[change]int            // how often, where requests cannot be told apart
	revoked map[string]bool           // key ids
	made    map[string]bool           // ids of matches of an organisation's own
	removes map[string]bool           // key ids of those who removed members
	invalid []string                  // answers that the document does not allow
	leaks   []string                  // answers that show a secret again
	answers int
}

// change is something that the audit trail must tell of.
type change struct{ action, target, actor string }

func newLedger(operator string) *ledger {
	return &ledger{owner: map[string]string{operator: ""}, signing: map[string]string{}, passed: map[string]map[string]int{},
		changes: map[string]change{}, told: map[change]int{}, revoked: map[string]bool{}, made: map[string]bool{}, removes: map[string]bool{}}
}

// actions are the audit trail's names of the operations that change something.
var actions = map[string]string{
	"createKey": "key.create", "updateKey": "key.update", "rotateKey": "key.rotate", "revokeKey": "key.revoke", "revokeSelf": "key.revoke",
	"createToken": "token.create",
	"createMatch": "match.create", "updateMatch": "match.update", "deleteMatch": "match.delete",
	"createOrg": "org.create", "updateOrg": "org.update",
	"createContest": "contest.create", "moveContest": "contest.move", "scoreContest": "contest.score", "forfeitContest": "contest.forfeit",
	"agreeContest": "contest.agree", "putContestant": "contestant.put",
	"addMember": "member.add", "updateMember": "member.update", "removeMember": "member.remove", "putConnections": "member.connect",
	"createApplication": "application.create",
	"createWebhook":     "webhook.create", "updateWebhook": "webhook.update", "rotateWebhook": "webhook.rotate", "deleteWebhook": "webhook.delete",
}

// saw notes one exchange.
func (w *world) saw(r request, reply Reply) {
	route, known := w.route(r)
	invalid := w.invalid(r, reply)
	l := w.ledger
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.answers++
	if invalid != nil {
		l.invalid = append(l.invalid, reply.asked+": "+invalid.Error())
	}
	l.leaked(reply)
	if !known {
		return
	}
	l.minted(route, reply)
	if id := l.owner[r.secret]; id != "" && w.admitted(reply) {
		if l.passed[id] == nil {
			l.passed[id] = map[string]int{}
		}
		l.passed[id][route.Operation]++
	}
	target := reply.text("id")
	if !route.Management {
		target = textOf(w.item(reply), "id")
	}
	l.changed(route, r, reply, target)
}

// leaked looks for every secret that was shown before. Called with the mutex held.
func (l *ledger) leaked(reply Reply) {
	for secret, id := range l.owner {
		if bytes.Contains(reply.Body, []byte(secret)) {
			l.leaks = append(l.leaks, reply.asked+" shows the secret of key "+id)
		}
	}
	for secret, id := range l.signing {
		if bytes.Contains(reply.Body, []byte(secret)) {
			l.leaks = append(l.leaks, reply.asked+" shows the signing secret of webhook "+id)
		}
	}
}

// minted notes the secret that a key was made or rotated with, and its tokens.
func (l *ledger) minted(route api.Route, reply Reply) {
	if signing := reply.text("signing_secret"); signing != "" {
		l.signing[signing] = reply.text("id")
	}
	if token := reply.text("token"); route.Operation == "createToken" && token != "" {
		l.owner[token] = reply.text("key")
		return
	}
	if route.Operation != "createKey" && route.Operation != "rotateKey" || reply.Status >= 300 {
		return
	}
	if secret := reply.text("secret"); secret != "" {
		l.owner[secret] = reply.text("id")
	}
}

// changed notes what the audit trail must have. A key that is revoked again
// stays as it is, and a creation that is repeated is only answered again, so there
// is nothing to tell.
func (l *ledger) changed(route api.Route, r request, reply Reply, target string) {
	action := actions[route.Operation]
	if route.Operation == "decideApplication" {
		action = map[string]string{"approved": "application.approve", "withdrawn": "application.withdraw"}[reply.text("state")]
	}
	if action == "" || reply.Status < 200 || reply.Status > 299 {
		return
	}
	c := change{action: action, target: target, actor: l.owner[r.secret]}
	switch {
	case action == "match.create", action == "contest.create":
		if l.made[c.target] {
			return // the first answer again
		}
		l.made[c.target] = true
	case strings.HasPrefix(action, "contest"):
		c.target = parameter(route, r.path, "match", "contestant")
		if action == "contest.forfeit" && l.made[action+c.target] {
			return // the first answer again: nobody forfeits twice
		}
		l.made[action+c.target] = true
	case action == "match.delete", action == "webhook.delete":
		c.target = r.path[strings.LastIndexByte(r.path, '/')+1:]
		delete(l.made, c.target)
	case action == "member.remove":
		l.removes[c.actor] = true
		c.target = r.path[strings.LastIndexByte(r.path, '/')+1:]
	case strings.HasPrefix(action, "member."):
		c.target = reply.text("user")
	case action == "token.create":
		c.target = reply.text("key")
	case action == "key.revoke":
		if l.revoked[c.target] {
			return
		}
		l.revoked[c.target] = true
	}
	l.changes[l.named(reply.Header.Get("X-Request-Id"), c, l.told)] = c
}

// named is what a change is found by: its request, or, where all requests have one
// id, how many such changes were told before.
func (l *ledger) named(request string, c change, told map[change]int) string {
	if !l.oneID {
		return request
	}
	told[c]++
	return fmt.Sprint(c, told[c])
}

// parameter is what stands in a path for the first of the names that it has.
func parameter(route api.Route, path string, names ...string) string {
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(route.Path, "/") {
		for _, name := range names {
			if part == "{"+name+"}" && i < len(parts) {
				return parts[i]
			}
		}
	}
	return ""
}

// admitted tells whether the gate let a call through: then, and where the quota
// is used up, the answer carries the rate headers.
func (w *world) admitted(reply Reply) bool {
	return reply.Status != w.contract.Condition(api.Quota).Status && w.metered(reply)
}

func (w *world) metered(reply Reply) bool {
	m := w.contract.Meter
	return m.Remaining != "" && reply.Header.Get(m.Remaining) != "" || m.IETF && reply.Header.Get("RateLimit") != ""
}

// meters tells whether the contract has rate headers at all.
func meters(c *contract.Contract) bool { return c.Meter.Remaining != "" || c.Meter.IETF }

// invalid tells why the document does not allow an answer.
func (w *world) invalid(r request, reply Reply) error {
	if w.checker == nil || r.method == http.MethodHead || r.method == http.MethodOptions {
		return nil
	}
	if i := w.target.own(reply.Status, reply.Body); i >= 0 {
		w.owned[i].Add(1)
		return nil
	}
	if operation, ok := w.checker.Operation(r.method, r.path); ok {
		return w.checker.Answer(operation, reply.Status, reply.Body)
	}
	return w.checker.Error(reply.Body)
}

// route finds the route of a request; literal parts go before parameters.
func (w *world) route(r request) (api.Route, bool) {
	best, most := api.Route{}, -1
	for _, one := range w.deployed {
		if n := literal(one.Path, r.path); one.Method == r.method && n > most {
			best, most = one, n
		}
	}
	return best, most >= 0
}

// literal counts the parts that a path has in common with a template, -1 where
// it is none of the template's.
func literal(template, path string) int {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return -1
	}
	n := 0
	for i := range want {
		switch {
		case strings.HasPrefix(want[i], "{"):
		case want[i] == got[i]:
			n++
		default:
			return -1
		}
	}
	return n
}
