package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

const (
	// patience is how long the gate may take before the request gets a 503.
	patience = 800 * time.Millisecond
	// attempts bounds the writes of one request. Two rolls, an adoption and a refresh in a
	// row take five; each further one was lost to a request that succeeded.
	attempts = 32
	// refusalLife is how long an instance may refuse from memory.
	refusalLife = time.Second
)

// Resolver reads the current caller of a secret.
type Resolver interface {
	// Resolve reads consistently, the gate's version first ([Gate.Version]), then the
	// facts. It returns an *api.Error of the condition that ended the secret (revoked,
	// expired, unknown); any other error counts as a store that does not answer. A key
	// without a gate has version 0.
	Resolve(ctx context.Context, secretID string) (*api.Caller, error)
}

// Gate admits requests. Its exported fields are set before the first request.
type Gate struct {
	Keys     table.Table
	Clock    func() time.Time
	Resolver Resolver        // nil: a key that has changed is refused as unavailable
	Scopes   contract.Scopes // to name the scope that a refused request lacks; may be empty
	Patience time.Duration   // longest time of a request in the gate before it gets a 503: 800 ms
	// Confirmed reports whether the store has confirmed Clock, so that a window far ahead of
	// it must be wrong. Nil, or before that, no window is taken for wrong.
	Confirmed func() bool
	// Management is the budget of the routes with cost 0, per key. Without a window it is
	// unlimited, as it is for callers without a quota.
	Management contract.Budget

	memory *memory
}

// New returns a gate on the keys table. The resolver usually needs the gate (it reads
// versions), so it is set afterwards.
func New(keys table.Table, clock func() time.Time) *Gate {
	return &Gate{Keys: keys, Clock: clock, Patience: patience, memory: newMemory()}
}

// Admission is an admitted request. Caller is the one that was checked, fresh if the given
// one was out of date; it is shared between requests and must not be changed.
type Admission struct {
	Caller     *api.Caller
	Meter      api.Meter // of the plan's budget
	Management api.Meter // of key management's budget; zero for other routes
	Stale      bool      // the given caller was older than the gate's item; set with errors too
}

// Admit counts one request of the route against the caller's budget and admits it, or
// returns an *[api.Error] and spends nothing: the secret's conditions, the owner's
// standing, permission, quota, unavailable. With a quota error, the admission's caller and
// meter are set too, for the headers of the answer.
//
// A caller without that budget is not metered. A route with cost 0 spends the budget of key
// management in its place; if the route is urgent, it is counted as usage only.
func (g *Gate) Admit(ctx context.Context, caller *api.Caller, route api.Route, budget string) (Admission, error) {
	if caller == nil {
		return Admission{}, api.Fail(api.SecretMissing, "an API key is required")
	}
	ctx, cancel := context.WithTimeout(ctx, g.Patience)
	defer cancel()
	now := g.Clock()
	c, err := g.newestAllowed(ctx, caller, route, budget, now)
	if err != nil {
		return Admission{Caller: c}, err
	}
	call := call{Gate: g, caller: c, route: route, budget: budget, now: g.Clock()}
	admitted, err := call.admit(ctx)
	if err == nil {
		err = call.pool(ctx)
	}
	admitted.Stale = call.stale
	return admitted, err
}

// call is one request in the gate.
type call struct {
	*Gate
	caller *api.Caller
	route  api.Route
	budget string
	now    time.Time
	ask    ask
	stale  bool
}

// admit writes until the item admits the request or gives a reason to refuse it.
func (c *call) admit(ctx context.Context) (Admission, error) {
	at := Address(c.caller.Key)
	if err := c.prepare(); err != nil {
		return Admission{Caller: c.caller}, err
	}
	if refused, ok := c.memory.refused(c.caller, c.spent(), c.now); ok {
		return c.overQuota(refused)
	}
	next := c.first()
	for range attempts {
		it, err := c.Keys.Write(ctx, next.write(at, c.ask))
		if err == nil && ctx.Err() == nil {
			return c.written(it, next)
		}
		refused := table.AsConditionFailed(err)
		if refused == nil {
			// The request may have been counted, but that is not known, so it is not
			// admitted.
			return Admission{Caller: c.caller}, api.UnavailableError("counting the request", errors.Join(err, ctx.Err()))
		}
		if now := c.Clock(); now.Before(c.now) || c.ask.confirmed != c.confirmed() || len(c.ask.wrong(refused.Item)) > 0 {
			c.now = now // the answer has confirmed or corrected the clock
			if err := c.prepare(); err != nil {
				return Admission{Caller: c.caller}, err
			}
		}
		next = decide(refused.Item, c.ask)
		switch next.verdict {
		case exhausted:
			admission := c.admission(refused.Item)
			c.memory.refuse(admission, c.spent(), c.now)
			return c.overQuota(admission)
		case ahead:
			if err := c.repair(ctx, refused.Item); err != nil {
				return Admission{Caller: c.caller}, err
			}
			next = c.first()
		case stale, missing:
			c.stale = true
			if err := c.refresh(ctx, next.verdict); err != nil {
				return Admission{Caller: c.caller}, err
			}
			next = c.first()
		default:
			if err := c.keepHistory(ctx, refused.Item, next); err != nil {
				return Admission{Caller: c.caller}, err
			}
		}
	}
	return Admission{Caller: c.caller}, api.UnavailableError("counting the request", errors.New("the key kept changing"))
}

// written admits the request that a write has counted, unless the answer has corrected the clock
// and shows that the key has expired.
func (c *call) written(it table.Item, s step) (Admission, error) {
	if err := expired(c.caller, c.Clock()); err != nil {
		return Admission{Caller: c.caller}, err
	}
	if c.ask.part == managementPart {
		c.memory.opened.Add(c.caller.Key, s.window)
	}
	return c.admission(it), nil
}

// prepare computes what the request asks of the item.
func (c *call) prepare() error {
	now := c.now.Unix()
	c.ask = ask{version: c.caller.Version, code: c.route.Code, now: now, hour: start(now, hour),
		confirmed: c.confirmed()}
	b, metered := c.caller.Limits[c.budget]
	if !metered {
		return nil
	}
	if b.Window <= 0 {
		return api.ErrorOf(fmt.Errorf("gate: budget %s is a level and cannot be spent by a request", c.budget))
	}
	for name, other := range c.caller.Limits {
		// A second window size would reset this one's counter and admit too many requests.
		if other.Window != 0 && other.Window != b.Window {
			return api.ErrorOf(fmt.Errorf("gate: budgets %s and %s have windows of %d and %d seconds", c.budget, name, b.Window, other.Window))
		}
	}
	c.ask.plan = windowAt(now, b.Window)
	if c.Management.Window > 0 {
		c.ask.manage = windowAt(now, c.Management.Window)
	}
	switch {
	case c.route.Cost > 0:
		c.ask.part, c.ask.budget, c.ask.limit = planPart, short(c.budget), b.Limit
	case c.ask.manage.size > 0 && !c.route.Urgent:
		c.ask.part, c.ask.budget, c.ask.limit = managementPart, short(contract.Management), c.Management.Limit
	}
	return nil
}

// first is the first write. Requests of key management are rare, so the last one was usually
// in an earlier window, unless this instance has just seen another.
func (c *call) first() step {
	next := first(c.ask)
	if c.ask.part == managementPart {
		at, known := c.memory.opened.Get(c.caller.Key)
		next.roll = !known || at < next.window
	}
	return next
}

// spent returns the name of the budget that the request spends, or "".
func (c *call) spent() string {
	switch c.ask.part {
	case planPart:
		return c.budget
	case managementPart:
		return contract.Management
	}
	return ""
}

func (g *Gate) confirmed() bool { return g.Confirmed != nil && g.Confirmed() }

// admission returns the request's caller and the state of its budgets in an item.
func (c *call) admission(it table.Item) Admission {
	a := Admission{Caller: c.caller, Meter: api.Meter{Budget: c.budget, Unlimited: true}}
	b, metered := c.caller.Limits[c.budget]
	if !metered {
		return a
	}
	a.Meter = meter(part(it, planPart), c.budget, b, c.ask.plan)
	if c.route.Cost == 0 && c.ask.manage.size > 0 {
		a.Management = meter(part(it, managementPart), contract.Management, c.Management, c.ask.manage)
	}
	return a
}

// overQuota refuses a request whose budget is used up.
func (c *call) overQuota(a Admission) (Admission, error) {
	m, condition, what := a.Meter, api.Quota, "quota"
	if c.ask.part == managementPart {
		m, condition, what = a.Management, api.QuotaManagement, "budget for key management"
	}
	// Whole seconds, rounded up, so that a client that waits this long finds the next window.
	wait := max(time.Second, (m.ResetsAt.Sub(c.now) + time.Second - 1).Truncate(time.Second))
	wait = min(wait, time.Duration(m.Window)*time.Second) // an adopted window may end later
	e := api.Fail(condition, "%s of %d requests per %d seconds exceeded; retry after %s",
		what, m.Limit, m.Window, c.now.Add(wait).Truncate(time.Second).UTC().Format(time.RFC3339))
	e.RetryAfter = wait
	return a, e
}

// refresh reads the facts again and checks the request against them.
func (c *call) refresh(ctx context.Context, why verdict) error {
	if f, ok := c.memory.fact(c.caller.Secret); ok && f.caller != nil && f.caller.Version > c.caller.Version {
		c.caller = f.caller // another request has just read them
	} else {
		was := c.caller
		read, err := c.resolve(ctx, was)
		if err == nil && why == missing && read.Version == 0 {
			// The key was made, but not its gate. The facts have just confirmed the key, so
			// the gate may be made now.
			if err = c.create(ctx, was.Key, c.lateVersion()); err == nil {
				read, err = c.resolve(ctx, was)
			}
		}
		if err != nil {
			return err
		}
		c.caller = read
	}
	if err := c.allowed(c.caller, c.route, c.budget, c.now); err != nil {
		return err
	}
	return c.prepare()
}

// newestAllowed returns the newest facts about the caller that this instance has, if they allow
// the request. Facts that do not are read again first, at most once a second, so that a
// widened key is not refused by older facts.
func (g *Gate) newestAllowed(ctx context.Context, given *api.Caller, route api.Route, budget string, now time.Time) (*api.Caller, error) {
	c, current := given, false
	if f, ok := g.memory.fact(given.Secret); ok {
		recent := now.Sub(f.at) < refusalLife && !now.Before(f.at)
		switch {
		case f.err != nil && (recent || f.err.Condition == api.SecretRevoked):
			return given, f.err
		case f.caller != nil && (f.caller.Version > given.Version || f.caller.Version == given.Version && recent):
			// Facts of one version may differ while a change waits for its bump, or forever
			// if the bump failed. The authorizer's facts expire with its cache and the
			// cached ones here do not, so the authorizer's are preferred. Standing is read
			// again each time: a lifted suspension has been answered as effective, and only
			// the instance that lifted it could drop its cached facts.
			c, current = f.caller, recent && f.caller.Standing == api.StandingActive
		}
	}
	err := g.allowed(c, route, budget, now)
	if err == nil || current || g.Resolver == nil {
		return c, err
	}
	read, failed := g.resolve(ctx, c)
	if failed != nil {
		return c, failed
	}
	return read, g.allowed(read, route, budget, g.Clock()) // the read may have corrected the clock
}

// allowed reports whether the facts alone allow the request. It returns an error, never a
// nil *api.Error.
func (g *Gate) allowed(c *api.Caller, route api.Route, budget string, now time.Time) error {
	if err := expired(c, now); err != nil {
		return err
	}
	if c.Standing != api.StandingActive {
		standing := c.Standing
		if standing == "" {
			standing = api.StandingSuspended
		}
		return api.Fail("standing."+standing, "this key's owner is %s", standing)
	}
	if !route.Allowed(c.Permissions) {
		return g.lacks(c, route)
	}
	if route.Lasts && !c.MayLast() {
		return api.Fail(api.PermissionToken, "%s needs the key itself: a token cannot make, change or end anything that outlives it", route.Operation)
	}
	if !c.Calls(route) {
		return api.Fail(api.PermissionToken, "%s needs a key: a console session cannot call it", route.Operation)
	}
	if b, ok := c.Limits[budget]; ok && b.Window > 0 && b.Limit <= 0 && route.Cost > 0 {
		e := api.Fail(api.Quota, "plan %s allows no requests; choose a larger plan", c.Plan)
		e.RetryAfter = time.Duration(b.Window) * time.Second
		return e
	}
	return nil
}

// expired refuses a caller whose secret or key has ended. Like allowed, it returns an error.
func expired(c *api.Caller, now time.Time) error {
	if c.NotAfter.IsZero() || now.Before(c.NotAfter) {
		return nil
	}
	return api.Fail(api.SecretExpired, "this key expired at %s", c.NotAfter.UTC().Format(time.RFC3339))
}

// lacks returns an error that names what a request lacks: a scope, an approval that a scope
// needs, or a role that allows what the scopes grant.
func (g *Gate) lacks(c *api.Caller, route api.Route) *api.Error {
	if len(route.Server) > 0 {
		return g.lacksForTool(c, route)
	}
	if held, err := g.Scopes.Permissions(c.Scopes); err == nil && route.Allowed(held) {
		if c.Unclaimed && !slices.ContainsFunc(route.Permissions, func(p string) bool { return !contract.IsPersonal(p) }) {
			return api.Fail(api.Permission, "%s: another member created or rotated this secret; the key's owner must rotate the key with a key of their own", route.Operation)
		}
		free := slices.DeleteFunc(slices.Clone(c.Scopes), func(name string) bool { return g.Scopes.Needs(name) != "" })
		if held, err := g.Scopes.Permissions(free); err == nil && !route.Allowed(held) {
			return api.Fail(api.PermissionNeeds, "%s: the key's scopes need a developer approval that the organisation does not have, or the role of the key's owner (%s) does not allow it", route.Operation, c.Role)
		}
		return api.Fail(api.PermissionRole, "%s: the role of the key's owner (%s) does not allow it, although the key's scopes do", route.Operation, c.Role)
	}
	scopes := route.Scopes(g.Scopes)
	if len(scopes) == 0 {
		return api.Fail(api.Permission, "%s requires the permission %s", route.Operation, strings.Join(route.Permissions, " or "))
	}
	return api.Fail(api.Permission, "%s requires the scope %s", route.Operation, strings.Join(scopes, " or "))
}

// lacksForTool returns the error of [Gate.lacks] for the row of a tool. The condition tells a
// caller who may not reach the server from one who may, but not call the tool.
func (g *Gate) lacksForTool(c *api.Caller, row api.Route) *api.Error {
	server := api.Route{Operation: api.CallMCP, Permissions: row.Server}
	if !server.Allowed(c.Permissions) {
		return g.lacks(c, server)
	}
	e := g.lacks(c, api.Route{Operation: row.Operation, Permissions: row.Permissions})
	e.Condition = api.PermissionTool
	return e
}

// resolve reads the facts and caches them.
func (g *Gate) resolve(ctx context.Context, c *api.Caller) (*api.Caller, error) {
	if g.Resolver == nil {
		return nil, api.UnavailableError("reading the key again", errors.New("gate: there is no resolver"))
	}
	at := g.Clock()
	read, err := g.Resolver.Resolve(ctx, c.Secret)
	var final *api.Error
	switch {
	case errors.As(err, &final):
		if final.Condition != api.Unavailable && final.Condition != api.Internal {
			g.memory.learn(c.Secret, fact{key: c.Key, err: final, at: at})
		}
		return nil, final
	case err != nil:
		return nil, api.UnavailableError("reading the key again", err)
	case read == nil || read.Secret != c.Secret || read.Key != c.Key:
		return nil, api.ErrorOf(fmt.Errorf("gate: secret %s of key %s was resolved to another", c.Secret, c.Key))
	}
	g.memory.learn(c.Secret, fact{key: c.Key, caller: read, at: at})
	return read, nil
}

// StillCurrent checks with a consistent read that the key is as it was when the request was
// admitted. If it fails, the answer of the request must not be sent.
func (g *Gate) StillCurrent(ctx context.Context, a Admission) error {
	ctx, cancel := context.WithTimeout(ctx, g.Patience)
	defer cancel()
	v, err := g.Version(ctx, a.Caller.Key)
	if err != nil {
		return api.UnavailableError("reading the key's version", err)
	}
	if v != a.Caller.Version {
		return api.Fail(api.SecretRevoked, "this key changed while the request was processed; send the request again")
	}
	return nil
}
