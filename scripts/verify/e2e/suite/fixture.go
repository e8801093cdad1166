package suite

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/openapi"
	"statgate/shared/contract"
)

// fixture is the state that the cases of one run share.
type fixture struct {
	contract       *contract.Contract
	target         Target
	ownAnswers     []atomic.Int64       // number of answers in the target's own shape, by index in target.Own
	lostAnswers    atomic.Int64         // answers that the target's stores lost
	literalAnswers atomic.Int64         // answers with the target's literal instead of the request id
	routes         map[string]api.Route // by operation
	deployed       []api.Route
	client         *client
	hands          OutOfBand
	receiver       *receiver     // nil if the deployment cannot call this machine
	patience       time.Duration // how long to wait for a delivery
	operator       string
	mark           string // unique to the run
	document       Reply  // the OpenAPI document
	checker        *openapi.Checker
	ledger         *ledger
	reader         key // a client key with every read scope
	homeMutex      sync.Mutex
	home           *tenant // organisation for the next cases
	keySlots       int     // client keys that the home organisation has left for cases
	mutex          sync.Mutex
	tenants        []*tenant
}

func newFixture(o Options) (*fixture, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	fx := &fixture{contract: o.Contract, hands: o.Hands, target: o.Target, patience: cmp.Or(o.Patience, deliveryTime),
		ownAnswers: make([]atomic.Int64, len(o.Target.Own)), operator: o.Operator,
		deployed: api.For(o.Contract), routes: map[string]api.Route{}, mark: strings.ToLower(rand.Text()[:8]), ledger: newLedger(o.Operator)}
	for _, r := range fx.deployed {
		fx.routes[r.Operation] = r
	}
	fx.ledger.oneID = o.Target.OneID != ""
	fx.client = newClient(o, fx.record)
	fx.client.plain = fx.plain
	return fx, nil
}

// keySlotsPerCase is how many client keys a case may create at home.
const keySlotsPerCase = 2

// assignHome gives a case the organisation that it works in, on the plan with the most keys.
// Cases share an organisation until its keys are used up.
func (t *T) assignHome() {
	t.homeMutex.Lock()
	defer t.homeMutex.Unlock()
	if t.fixture.home == nil || t.keySlots < keySlotsPerCase {
		t.fixture.home, t.keySlots = t.tenant("home", t.largest().Name), t.room(t.largest())
	}
	t.keySlots -= keySlotsPerCase
	t.home = t.fixture.home
}

// setUp fetches the OpenAPI document that every answer is checked against, and creates the
// first organisation and a read key.
func (fx *fixture) setUp(t *T) {
	fx.document = t.op("", "getOpenAPI", nil)
	t.wantStatus(fx.document, http.StatusOK)
	checker, err := openapi.Check(fx.document.Body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	fx.checker = checker
	self := t.mustOp(t.operator, "getSelf", nil)
	fx.ledger.mutex.Lock()
	fx.ledger.owner[t.operator] = self.text("id")
	fx.ledger.mutex.Unlock()
	t.assignHome()
	fx.reader = t.key(t.home.admin, t.home, in{"name": "reader", "scopes": fx.readScopes()})
	if _, writes := t.routes["createMatch"]; writes && fx.contract.HidePublic {
		t.addMatches(t.allDataKey(t.home))
	}
}

// addMatches creates matches for contracts whose readers see only their organisation's own: two
// pages of them, with one team in every match.
func (t *T) addMatches(secret string) {
	for i := range 10 {
		t.createMatch(secret, in{"home": t.teamInput("First"), "away": t.teamInput(fmt.Sprintf("Other %d", i%5)), "round": fmt.Sprint(i), "status": "finished", "score": goals(i, 1)})
	}
}

// tenant is an organisation that the run created.
type tenant struct {
	id, owner string // id of the owner's management key
	adminKey  string // secret of that key
	admin     string // its secret
	making    sync.Mutex
	approved  bool // as a developer; guarded by making
}

// tenant creates an organisation on a plan ("" is the contract's default), and a key of its
// owner with every management scope.
func (t *T) tenant(name, plan string) *tenant {
	spec := in{"name": "e2e " + t.mark + " " + name, "owner": t.email("owner")}
	if plan != "" {
		spec["plan"] = plan
	}
	made := t.mustOp(t.operator, "createOrg", spec)
	n := &tenant{id: made.text("id"), owner: made.text("owner", "user")}
	if n.id == "" || n.owner == "" {
		t.Fatalf("createOrg: %s names no organisation or no owner", made.brief())
	}
	t.locked(func() { t.tenants = append(t.tenants, n) })
	k := t.key(t.operator, n, t.forLong(in{"org": n.id, "name": "admin", "scopes": t.manageScopes()}))
	n.adminKey, n.admin = k.id, k.secret
	return n
}

// forLong gives a key a longer life than the keys that it creates or rotates have, where keys
// must expire: it could not create or rotate them otherwise.
func (fx *fixture) forLong(spec in) in {
	if fx.contract.Keys.ExpiryRequired {
		choices := fx.contract.Keys.ExpiryChoices
		spec["expires_in"] = append([]string{"1y"}, choices...)[len(choices)]
	}
	return spec
}

func (fx *fixture) locked(f func()) {
	fx.mutex.Lock()
	defer fx.mutex.Unlock()
	f()
}

// email returns a unique email address.
func (fx *fixture) email(name string) string {
	return fmt.Sprintf("%s-%s@e2e.example", name, strings.ToLower(rand.Text()[:10]))
}

// key is a key that the run created.
type key struct{ id, secret string }

// key creates a key of a tenant. The keys of one organisation are created one after the other,
// because they share a counter item. Cases about concurrent creation do not use it.
func (t *T) key(by string, n *tenant, spec in) key {
	if _, named := spec["name"]; !named {
		spec["name"] = t.id
	}
	if t.contract.Keys.ExpiryRequired && spec["expires_in"] == nil && spec["expires_at"] == nil {
		spec["expires_in"] = "30d"
	}
	n.making.Lock()
	defer n.making.Unlock()
	made := t.op(by, "createKey", spec)
	t.wantStatus(made, http.StatusCreated)
	k := key{made.text("id"), made.text("secret")}
	if k.id == "" || k.secret == "" {
		t.Fatalf("createKey: %d answers without an id or a secret", made.Status)
	}
	return k
}

// memberKey creates a key of another member at home. Operators hand it out: a key that another
// member creates reaches nothing personal, and the contract may have no other lists.
func (t *T) memberKey(user string, scopes []string) key {
	return t.key(t.operator, t.home, t.forLong(in{"org": t.home.id, "user": user, "scopes": scopes}))
}

// clientKey creates a client key at home that reaches the endpoint.
func (t *T) clientKey(d endpoint) key {
	return t.key(t.home.admin, t.home, in{"scopes": d.scopes})
}

// cleanUp revokes all active keys of the run, as the deployment lists them. The operator's key
// revokes them all, so the order does not matter.
func cleanUp(t *T) {
	for _, n := range t.tenants {
		for _, k := range t.listed(t.operator, "listKeys", in{"org": n.id, "state": "active"}) {
			t.wantStatus(t.op(t.operator, "revokeKey", in{"key": k["id"]}), http.StatusOK)
		}
		if left := t.listed(t.operator, "listKeys", in{"org": n.id, "state": "active"}); len(left) > 0 {
			t.Errorf("%d keys of %s are still active", len(left), n.id)
		}
	}
}

// nextPage changes a list's query to that of the next page, and reports whether there is one.
// It follows the cursor, or the contract's paging style. size is the page's limit.
func (t *T) nextPage(operation string, ask in, page Reply, size int) bool {
	if t.routes[operation].OwnShape(t.contract) {
		ask["cursor"] = page.text("next_cursor")
		return ask["cursor"] != ""
	}
	style := t.contract.Paging.Style
	from, _ := ask[style].(int)
	switch style {
	case "offset":
		ask[style] = from + size
	case "page":
		ask[style] = max(from, 1) + 1
	}
	return len(objects(page.value("data"))) == size
}

// maxPages bounds how many pages of a list are read. No list of a run is longer.
const maxPages = 100

// listed reads a list of key management to its end.
func (t *T) listed(secret, operation string, query in) []map[string]any {
	all := []map[string]any{}
	ask := in{"limit": 100}
	for name, value := range query {
		ask[name] = value
	}
	for range maxPages {
		page := t.mustOp(secret, operation, ask)
		all = append(all, objects(page.value("data"))...)
		if !t.nextPage(operation, ask, page, 100) {
			return all
		}
	}
	t.Fatalf("%s: the list does not end after %d pages", operation, maxPages)
	return nil
}
