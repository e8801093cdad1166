package keys

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/humantext"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Filter selects keys of one organisation.
type Filter struct {
	Org   string // "": the caller's; only operators may name another
	State string // "": any
	Owner string // id of the member who owns the keys; "": any
	Text  string // part of the name, the prefix or the last characters, ignoring case; "": any
	Limit int
	After string // id of the last key that the previous page read
}

// maxKeysRead bounds how many keys one page reads if it has filters; chunk is the size of each
// read.
const (
	maxKeysRead = 1000
	chunk       = 100
)

// Get returns a key that the caller may manage.
func (s *Store) Get(ctx context.Context, r *api.Request, id string) (Key, error) {
	f, err := s.find(ctx, r.Caller, id)
	if err != nil {
		return Key{}, err
	}
	return s.keyView(ctx, f, r.Now)
}

// List returns a page of keys, newest first, and the position of the next page. Members see
// only their own keys. With filters, and for members, a page may be shorter than its limit, or
// empty, and still be followed by another: it reads at most [maxKeysRead] keys.
func (s *Store) List(ctx context.Context, r *api.Request, f Filter) ([]Key, string, error) {
	o, err := s.orgOf(ctx, r.Caller, f.Org)
	if err != nil {
		return nil, "", err
	}
	found, next, err := s.scan(ctx, r, o, f)
	if err != nil {
		return nil, "", err
	}
	shown, err := s.allShown(ctx, found, o, r.Now)
	return shown, next, err
}

// orgOf returns the organisation whose keys are listed. For callers other than operators,
// any organisation but their own does not exist.
func (s *Store) orgOf(ctx context.Context, c *api.Caller, org string) (orgs.Org, error) {
	if org == "" {
		org = c.Org
	}
	if org != c.Org && (!c.Operator() || !ids.Valid(org)) {
		return orgs.Org{}, unknownOrg()
	}
	it, err := s.table.Get(ctx, orgs.Key(org), true)
	if err != nil {
		return orgs.Org{}, api.UnavailableError("reading an organisation", err)
	}
	o, ok := orgs.FromItem(it)
	if !ok {
		return o, unknownOrg()
	}
	return o, nil
}

// scan reads a page of keys of the organisation that orgOf returned, and returns the position
// of the next page. A page whose filters leave out many keys may be shorter than its limit.
func (s *Store) scan(ctx context.Context, r *api.Request, o orgs.Org, f Filter) ([]record, string, error) {
	low, high := table.Prefix(keyPrefix)
	q := table.Query{Partition: orgs.Partition(o.ID), Low: low, High: high, Descending: true, Limit: f.Limit + 1, Consistent: true}
	if f.After != "" {
		q.After = keyPrefix + f.After
	}
	if f.selects(r.Caller) {
		q.Limit = max(q.Limit, chunk) // few of the keys may match; small reads would need many round trips
	}
	var found []record
	last := ""
	for read := 0; ; {
		page, err := s.table.Query(ctx, q)
		if err != nil {
			return nil, "", api.UnavailableError("listing keys", err)
		}
		for _, it := range page.Items {
			k, ok, err := recordFrom(it)
			if err != nil {
				return nil, "", err
			}
			if !ok {
				continue
			}
			if read++; read > max(maxKeysRead, f.Limit+1) {
				return found, last, nil
			}
			last = k.ID
			if !f.matches(k, r) {
				continue
			}
			if found = append(found, k); len(found) > f.Limit {
				return found[:f.Limit], found[f.Limit-1].ID, nil
			}
		}
		if !page.More || len(page.Items) == 0 {
			return found, "", nil
		}
		q.After = page.Items[len(page.Items)-1].Str(table.SortAttr)
	}
}

// selects reports whether the list can leave out keys.
func (f Filter) selects(c *api.Caller) bool {
	return f.State != "" || f.Owner != "" || f.Text != "" || c.Role == api.RoleMember
}

func (f Filter) matches(k record, r *api.Request) bool {
	switch {
	case f.State != "" && k.state(r.Now) != f.State,
		f.Owner != "" && k.Owner != f.Owner,
		r.Caller.Role == api.RoleMember && k.Owner != r.Caller.User:
		return false
	case f.Text == "":
		return true
	}
	part := humantext.Fold(f.Text)
	return slices.ContainsFunc([]string{k.Name, k.Prefix, k.LastFour}, func(text string) bool {
		return strings.Contains(humantext.Fold(text), part)
	})
}

func (s *Store) allShown(ctx context.Context, found []record, o orgs.Org, now time.Time) ([]Key, error) {
	names := make([]string, len(found))
	for i, k := range found {
		names[i] = k.ID
	}
	states := map[string]gate.State{}
	if len(names) > 0 {
		var err error
		if states, err = s.gates.States(ctx, names); err != nil {
			return nil, api.UnavailableError("reading the usage of keys", err)
		}
	}
	shown := make([]Key, len(found))
	for i, k := range found {
		var err error
		if shown[i], err = s.shown(k, o, states[k.ID], now); err != nil {
			return nil, err
		}
	}
	return shown, s.markUnseen(ctx, found, shown, now)
}

// Self describes the caller: its key, its permissions and its remaining quota.
type Self struct {
	Key
	Org             string     `json:"org" doc:"Organisation id"`
	Role            string     `json:"role" enum:"operator,owner,admin,member" doc:"Role of the key's owner"`
	Permissions     []string   `json:"permissions" nullable:"false" doc:"Permissions that both the scopes and the owner's role grant"`
	Operations      []string   `json:"operations" nullable:"false" doc:"Operations that the key may call, sorted"`
	Token           bool       `json:"token" doc:"Whether the request was sent with a token; scopes, permissions and operations are then the token's"`
	Session         *string    `json:"session" doc:"Id of the console session that sent the request; null for keys and tokens. id is then the session's, and name the member's address"`
	Unclaimed       bool       `json:"unclaimed" doc:"Whether another member than the key's owner created or rotated the secret that was sent, or the key that made it; it then reaches nothing personal until the owner rotates the key with a key of their own"`
	SecretExpiresAt *time.Time `json:"secret_expires_at" doc:"Expiry time of the secret that was sent: the key's own, or the end of an overlap; null if it does not expire"`
}

// Self returns the caller's own key and permissions.
func (s *Store) Self(ctx context.Context, r *api.Request) (Self, error) {
	if r.Caller.Session != nil {
		return s.sessionSelf(ctx, r)
	}
	f, err := s.self(ctx, r.Caller)
	if err != nil {
		return Self{}, err
	}
	k, err := s.keyView(ctx, f, r.Now)
	if err != nil {
		return Self{}, err
	}
	return s.selfOf(k, r.Caller), nil
}

// selfOf adds to a key what the caller may do with the secret that it sent.
func (s *Store) selfOf(k Key, c *api.Caller) Self {
	k.Scopes = append([]string{}, c.Scopes...) // the token's scopes, if the caller is a token
	me := Self{Key: k, Token: c.Token, Unclaimed: c.Unclaimed, Org: c.Org, Role: c.Role, Permissions: append([]string{}, c.Permissions...), Operations: []string{}}
	for _, route := range api.For(s.rules.contract) {
		if !route.Open && route.Allowed(c.Permissions) && c.Calls(route) {
			me.Operations = append(me.Operations, route.Operation)
		}
	}
	sort.Strings(me.Operations)
	me.Operations = slices.Compact(me.Operations)
	if end := c.NotAfter; !end.IsZero() {
		me.SecretExpiresAt = &end
	}
	return me
}

// self reads the facts about the calling key.
func (s *Store) self(ctx context.Context, c *api.Caller) (facts, error) {
	f, found, err := s.read(ctx, c.Org, c.Key, c.User)
	if err == nil && !found {
		err = secretUnknown()
	}
	return f, err
}
