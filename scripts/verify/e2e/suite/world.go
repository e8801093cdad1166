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

// world is what the cases of one run share.
type world struct {
	contract *contract.Contract
	target   Target
	owned    []atomic.Int64       // by the target's own answers: how many there were
	lost     atomic.Int64         // answers that the target's stores lost
	literals atomic.Int64         // answers with the target's literal for the request's id
	routes   map[string]api.Route // by operation
	deployed []api.Route
	client   *client
	hands    Hands
	receiver *receiver     // nil where this machine cannot be called
	patience time.Duration // with a delivery
	operator string
	mark     string // marks what this run makes
	document Reply  // the OpenAPI document
	checker  *openapi.Checker
	ledger   *ledger
	reader   key // a client key with every scope that reads
	settling sync.Mutex
	home     *tenant // where the next cases will work
	places   int     // how many client keys may still be promised there
	mutex    sync.Mutex
	tenants  []*tenant
}

func newWorld(o Options) (*world, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	w := &world{contract: o.Contract, hands: o.Hands, target: o.Target, patience: cmp.Or(o.Patience, deliveryTime),
		owned: make([]atomic.Int64, len(o.Target.Own)), operator: o.Operator,
		deployed: api.For(o.Contract), routes: map[string]api.Route{}, mark: strings.ToLower(rand.Text()[:8]), ledger: newLedger(o.Operator)}
	for _, r := range w.deployed {
		w.routes[r.Operation] = r
	}
	w.ledger.oneID = o.Target.OneID != ""
	w.client = newClient(o, w.saw)
	w.client.plain = w.plain
	return w, nil
}

// placesEach is how many client keys a case may make at home.
const placesEach = 2

// settle gives a case the organisation that it works in, on the plan with the
// most keys. As many cases share one as its keys allow.
func (t *T) settle() {
	t.settling.Lock()
	defer t.settling.Unlock()
	if t.world.home == nil || t.places < placesEach {
		t.world.home, t.places = t.tenant("home", t.largest().Name), t.largest().Keys
	}
	t.places -= placesEach
	t.home = t.world.home
}

// begin fetches the document that every answer is held to, and makes a first
// organisation and a key that reads.
func (w *world) begin(t *T) {
	w.document = t.op("", "getOpenAPI", nil)
	t.must(w.document, http.StatusOK)
	checker, err := openapi.Check(w.document.Body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	w.checker = checker
	self := t.does(t.operator, "getSelf", nil)
	w.ledger.mutex.Lock()
	w.ledger.owner[t.operator] = self.text("id")
	w.ledger.mutex.Unlock()
	t.settle()
	w.reader = t.key(t.home.admin, t.home, in{"name": "reader", "scopes": w.reading()})
	if _, writes := t.routes["createMatch"]; writes && w.contract.HidePublic {
		t.fill(t.allData(t.home))
	}
}

// fill makes matches where the reader sees none but its organisation's own: two
// pages of them, and a team that plays each of the others.
func (t *T) fill(secret string) {
	for i := range 10 {
		t.makes(secret, in{"home": t.side("First"), "away": t.side(fmt.Sprintf("Other %d", i%5)), "round": fmt.Sprint(i), "status": "finished", "score": goals(i, 1)})
	}
}

// tenant is an organisation of the run.
type tenant struct {
	id, owner string // the organisation and its first owner
	adminKey  string // id of the owner's management key
	admin     string // its secret
	making    sync.Mutex
}

// tenant makes an organisation on a plan ("" is the contract's default), and its
// owner's key with every management scope.
func (t *T) tenant(name, plan string) *tenant {
	spec := in{"name": "e2e " + t.mark + " " + name, "owner": t.email("owner")}
	if plan != "" {
		spec["plan"] = plan
	}
	made := t.does(t.operator, "createOrg", spec)
	n := &tenant{id: made.text("id"), owner: made.text("owner", "user")}
	if n.id == "" || n.owner == "" {
		t.Fatalf("createOrg: %s names no organisation or no owner", made.brief())
	}
	t.mutexed(func() { t.tenants = append(t.tenants, n) })
	k := t.key(t.operator, n, in{"org": n.id, "name": "admin", "scopes": t.managing()})
	n.adminKey, n.admin = k.id, k.secret
	return n
}

func (w *world) mutexed(f func()) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	f()
}

// email is an address that nobody else has.
func (w *world) email(name string) string {
	return fmt.Sprintf("%s-%s@e2e.example", name, strings.ToLower(rand.Text()[:10]))
}

// key is a key of the run.
type key struct{ id, secret string }

// key makes a key of a tenant. Keys of one organisation are made one after the
// other, except where that is what a case is about: its counter is one item.
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
	t.must(made, http.StatusCreated)
	k := key{made.text("id"), made.text("secret")}
	if k.id == "" || k.secret == "" {
		t.Fatalf("createKey: %d without an id and a secret", made.Status)
	}
	return k
}

// client makes a client key at home that reaches the door.
func (t *T) clientKey(d door) key {
	return t.key(t.home.admin, t.home, in{"scopes": d.scopes})
}

// cleanUp revokes all keys of the run that are still alive, as the deployment
// lists them. The admins' keys go last, by the operator like all others.
func cleanUp(t *T) {
	for _, n := range t.tenants {
		for _, k := range t.listed(t.operator, "listKeys", in{"org": n.id, "state": "active"}) {
			t.must(t.op(t.operator, "revokeKey", in{"key": k["id"]}), http.StatusOK)
		}
		if left := t.listed(t.operator, "listKeys", in{"org": n.id, "state": "active"}); len(left) > 0 {
			t.Errorf("%d keys of %s are still active", len(left), n.id)
		}
	}
}

// turn makes the query of a page that of the next one, and tells whether there is
// one: by cursor, or as the contract pages all lists. Size is the page's limit.
func (t *T) turn(operation string, ask in, page Reply, size int) bool {
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

// pagesAtMost bounds how far a list is followed: no list of a run is longer.
const pagesAtMost = 100

// listed reads a list of key management to its end.
func (t *T) listed(secret, operation string, query in) []map[string]any {
	all := []map[string]any{}
	ask := in{"limit": 100}
	for name, value := range query {
		ask[name] = value
	}
	for range pagesAtMost {
		page := t.does(secret, operation, ask)
		all = append(all, objects(page.value("data"))...)
		if !t.turn(operation, ask, page, 100) {
			return all
		}
	}
	t.Fatalf("%s: no end after %d pages", operation, pagesAtMost)
	return nil
}
