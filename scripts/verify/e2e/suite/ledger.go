package suite

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// ledger records the run's requests and answers. The cases that judge the whole run compare the
// deployment's records with it.
type ledger struct {
	mutex    sync.Mutex
	owner    map[string]string         // secret → key id
	signing  map[string]string         // signing secret → webhook id
	passed   map[string]map[string]int // key id → operation → requests that the gate admitted
	unsure   map[string]map[string]int // key id → operation → requests that ended with their secret and may have been counted
	changes  map[string]change         // changeID → what the request changed
	oneID    bool                      // all requests have the same request id
	counts   map[change]int            // number of equal changes, used if oneID
	revoked  map[string]bool           // key ids
	created  map[string]bool           // ids of an organisation's own matches, also with their ETags, and of contests
	removers map[string]bool           // ids of keys that removed members
	begun    []begun                   // console sessions
	invalid  []string                  // answers that the OpenAPI document does not allow
	leaks    []string                  // answers that show a secret again
	answers  int
}

// change is a change that the audit trail must have. Its actor is the key that was sent, or the
// one that the session began with.
type change struct{ action, target, actor, method string }

func newLedger(operator string) *ledger {
	return &ledger{owner: map[string]string{operator: ""}, signing: map[string]string{}, passed: map[string]map[string]int{}, unsure: map[string]map[string]int{},
		changes: map[string]change{}, counts: map[change]int{}, revoked: map[string]bool{}, created: map[string]bool{}, removers: map[string]bool{}}
}

// actions maps operations that change something to their names in the audit trail.
var actions = map[string]string{
	"createKey": "key.create", "updateKey": "key.update", "rotateKey": "key.rotate", "revokeKey": "key.revoke", "revokeSelf": "key.revoke",
	"createToken": "token.create",
	"createMatch": "match.create", "updateMatch": "match.update", "deleteMatch": "match.delete",
	"createReplay": "replay.create", "updateReplay": "replay.update", "deleteReplay": "replay.delete",
	"createOrg": "org.create", "updateOrg": "org.update", "visitOrg": "org.visit",
	"createContest": "contest.create", "moveContest": "contest.move", "scoreContest": "contest.score", "forfeitContest": "contest.forfeit",
	"agreeContest": "contest.agree", "putContestant": "contestant.put",
	"addMember": "member.add", "updateMember": "member.update", "removeMember": "member.remove", "putConnections": "member.connect",
	"createApplication": "application.create",
	"startSession":      "session.create", "closeSession": "session.end", "endSession": "session.end", "endSessions": "session.end", "createPortalLink": "link.create",
	"createWebhook": "webhook.create", "updateWebhook": "webhook.update", "rotateWebhook": "webhook.rotate", "deleteWebhook": "webhook.delete",
}

// record records one exchange.
func (fx *fixture) record(r request, reply Reply) {
	route, known := fx.route(r)
	invalid := fx.invalid(r, reply)
	l := fx.ledger
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.answers++
	if invalid != nil {
		l.invalid = append(l.invalid, reply.asked+": "+invalid.Error())
	}
	l.checkLeaks(reply)
	if !known {
		return
	}
	l.recordSecrets(route, reply)
	l.recordSession(route, reply)
	if id := l.owner[r.secret]; id != "" && fx.admitted(reply) {
		if l.passed[id] == nil {
			l.passed[id] = map[string]int{}
		}
		l.passed[id][fx.counted(route, r)]++
	}
	target := reply.text("id")
	if !route.Management {
		target = textOf(fx.item(reply), "id")
	}
	if !r.unchanging {
		l.recordChange(route, r, reply, target)
	}
}

// refusedAtItsEnd notes a request that was refused because its secret had just ended. The gate
// may have counted it before it knew that.
func (l *ledger) refusedAtItsEnd(secret, operation string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	id := l.owner[secret]
	if l.unsure[id] == nil {
		l.unsure[id] = map[string]int{}
	}
	l.unsure[id][operation]++
}

// counted returns the requests of a key that are wanted, with as many of those that were
// refused at the end of their secret as the deployment counted.
func (l *ledger) counted(id string, got, want map[string]int) map[string]int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	all := map[string]int{}
	maps.Copy(all, want)
	for operation, n := range l.unsure[id] {
		if more := min(n, got[operation]-want[operation]); more > 0 {
			all[operation] += more
		}
	}
	return all
}

// checkLeaks searches an answer for every secret that was shown before. Its caller holds the
// mutex.
func (l *ledger) checkLeaks(reply Reply) {
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
	for _, s := range l.begun {
		if bytes.Contains(reply.Body, []byte(s.cookie)) || slices.ContainsFunc(s.access, func(token string) bool { return bytes.Contains(reply.Body, []byte(token)) }) {
			l.leaks = append(l.leaks, reply.asked+" shows a secret of session "+s.id)
		}
	}
}

// signingSecret matches a signing secret, which contracts show under names of their own.
var signingSecret = regexp.MustCompile(`whsec_[A-Za-z0-9+/]{32,}=*`)

// recordSecrets records the secret of a created or rotated key, signing secrets and tokens.
func (l *ledger) recordSecrets(route api.Route, reply Reply) {
	if signing := signingSecret.FindString(string(reply.Body)); signing != "" && (route.Operation == "createWebhook" || route.Operation == "rotateWebhook") {
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

// recordChange records what the audit trail must have. Revoking a revoked key changes nothing,
// and a repeated creation gets the first answer again, so neither has an entry.
func (l *ledger) recordChange(route api.Route, r request, reply Reply, target string) {
	action := actions[route.Operation]
	if route.Operation == "decideApplication" {
		action = map[string]string{"approved": "application.approve", "withdrawn": "application.withdraw"}[reply.text("state")]
	}
	if action == "" || reply.Status < 200 || reply.Status > 299 {
		return
	}
	request := reply.Header.Get("X-Request-Id")
	c := change{action: action, target: target, actor: l.owner[r.secret], method: "key"}
	if s := l.session(r, reply); s != nil {
		c.actor, c.method = s.key, "session"
	}
	if action == "session.create" {
		l.recordReplaced(r, request)
	}
	if c.target = l.changed(c, route, r, reply); c.target == "" {
		return
	}
	l.changes[l.changeID(request, c, l.counts)] = c
}

// changed returns what a request has changed, "" if it has changed nothing.
func (l *ledger) changed(c change, route api.Route, r request, reply Reply) string {
	action := c.action
	if tag := c.target + reply.Header.Get("ETag"); action == "match.create" || action == "match.update" {
		if l.created[tag] {
			return "" // an update that changed nothing: the match has a version that was shown before
		}
		l.created[tag] = true
	}
	switch {
	case action == "match.create", action == "contest.create", action == "replay.create":
		if l.created[c.target] {
			return "" // the stored answer to a repeat
		}
		l.created[c.target] = true
	case strings.HasPrefix(action, "contest"):
		c.target = pathParameter(route, r.path, "match", "contestant")
		if action == "contest.forfeit" && l.created[action+c.target] {
			return "" // the stored answer to a repeat: a contest is forfeited once
		}
		l.created[action+c.target] = true
	case action == "match.delete", action == "webhook.delete", action == "replay.delete":
		c.target = r.path[strings.LastIndexByte(r.path, '/')+1:]
		delete(l.created, c.target)
	case action == "webhook.update":
		c.target = pathParameter(route, r.path, "webhook")
	case strings.HasPrefix(action, "session."):
		if c.target = l.ofSession(route, r, reply); c.target == "" {
			return "" // it had ended
		}
	case action == "link.create":
		c.target = pathParameter(route, r.path, "user")
	case action == "member.remove":
		l.removers[c.actor] = true
		c.target = r.path[strings.LastIndexByte(r.path, '/')+1:]
	case strings.HasPrefix(action, "member."):
		c.target = reply.text("user")
	case action == "token.create":
		c.target = reply.text("key")
	case action == "org.visit":
		c.target = reply.text("org")
		if l.created[action+c.target+c.actor] {
			return "" // the same visit: it lasts longer than a run
		}
		l.created[action+c.target+c.actor] = true
	case action == "key.revoke":
		if l.revoked[c.target] {
			return ""
		}
		l.revoked[c.target] = true
	}
	return c.target
}

// recordReplaced records the end of the session whose cookie a sign-in replaces.
func (l *ledger) recordReplaced(r request, request string) {
	s := l.session(r, Reply{})
	if s == nil || s.ended {
		return
	}
	s.ended = true
	c := change{action: "session.end", target: s.id, actor: s.key, method: "session"}
	l.changes[l.changeID(request+replaced, c, l.counts)] = c
}

// replaced marks the request id of the second change of a sign-in.
const replaced = " replaced"

// changeID identifies a change: by its request id or, where all requests have one id, by the
// number of equal changes before.
func (l *ledger) changeID(request string, c change, counts map[change]int) string {
	if !l.oneID {
		return request
	}
	counts[c]++
	return fmt.Sprint(c, counts[c])
}

// pathParameter returns the part of a path for the first of the names that the route has, ""
// for none.
func pathParameter(route api.Route, path string, names ...string) string {
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

// admitted reports whether the gate admitted a request. Its answer then has the rate headers,
// like the answer to a used-up quota, which also has Retry-After.
func (fx *fixture) admitted(reply Reply) bool {
	if reply.Status == http.StatusOK && reply.Header.Get("Retry-After") != "" {
		return false // the result of a tool whose budget is used up
	}
	return reply.Status != fx.contract.Condition(api.Quota).Status && fx.carriesRateHeaders(reply)
}

func (fx *fixture) carriesRateHeaders(reply Reply) bool {
	m := fx.contract.Meter
	return m.Remaining != "" && reply.Header.Get(m.Remaining) != "" || m.IETF && reply.Header.Get("RateLimit") != ""
}

// hasRateHeaders reports whether the contract has rate headers.
func hasRateHeaders(c *contract.Contract) bool { return c.Meter.Remaining != "" || c.Meter.IETF }

// invalid returns why the OpenAPI document does not allow an answer, nil if it does.
func (fx *fixture) invalid(r request, reply Reply) error {
	if fx.checker == nil || r.method == http.MethodHead || r.method == http.MethodOptions || reply.Header.Get("Content-Encoding") != "" {
		return nil // no body, or one that its case decodes
	}
	if i := fx.target.own(reply.Status, reply.Body); i >= 0 {
		fx.ownAnswers[i].Add(1)
		return nil
	}
	if route, ok := fx.route(r); ok && route.Unlisted && reply.Status < http.StatusBadRequest {
		return nil // a page, or a part of one
	}
	if operation, ok := fx.checker.Operation(r.method, r.path); ok {
		return fx.checker.Answer(operation, reply.Status, reply.Body)
	}
	if reply.Status == http.StatusFound {
		return nil // the root, whose answer has no body
	}
	return fx.checker.Error(reply.Body)
}

// route finds the route of a request. HEAD belongs to the route of GET. Literal parts take precedence over parameters.
func (fx *fixture) route(r request) (api.Route, bool) {
	best, most := api.Route{}, -1
	for _, one := range fx.deployed {
		if n := matchingParts(one.Path, r.path); slices.Contains(one.Methods(), r.method) && n > most {
			best, most = one, n
		}
	}
	return best, most >= 0
}

// matchingParts counts the literal parts that a path shares with a template, -1 if it does not
// match.
func matchingParts(template, path string) int {
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
