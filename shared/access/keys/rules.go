package keys

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
)

const metadataAtMost = 1024 // bytes of compact JSON

// Spec is a key as it is asked for.
type Spec struct {
	Name        string
	Scopes      []string // nil or empty asks for the contract's default
	ExpiresIn   *string  // a duration; not with ExpiresAt
	ExpiresAt   *string  // RFC 3339
	Metadata    api.Object
	Environment *string // must be the deployment's
	Org         *string // operators may name another than their own
	User        *string // who will own it
	Game        *string // the game that it is bound to, where scopes need its approval
}

// Edit is what changes about a key; what is not sent, or nil, stays.
type Edit struct {
	Name      *string
	Scopes    []string
	ExpiresIn api.Nullable[string]
	ExpiresAt api.Nullable[string]
	Metadata  api.Object
}

func (e Edit) empty() bool {
	return e.Name == nil && e.Scopes == nil && !e.ExpiresIn.Sent && !e.ExpiresAt.Sent && e.Metadata == nil
}

// rules are what a deployment's contract says of keys.
type rules struct {
	contract    *contract.Contract
	environment string
}

// problems collects all that is wrong with an input, so that it is told at once.
type problems map[string][]string

func (p problems) add(field, format string, args ...any) {
	p[field] = append(p[field], fmt.Sprintf(format, args...))
}

func (p problems) take(err *api.Error) {
	if err == nil {
		return
	}
	for field, texts := range err.Fields {
		p[field] = append(p[field], texts...)
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &api.Error{Condition: api.InputField, Message: "validation failed", Fields: p}
}

// fresh turns what is asked for into a new key's record, without ids, owner and
// secret. It knows nothing of who asks.
func (ru rules) fresh(spec Spec, now time.Time) (record, error) {
	wrong := problems{}
	name, err := orgs.Name(spec.Name)
	wrong.take(err)
	if spec.Environment != nil && *spec.Environment != ru.environment {
		wrong.add("environment", "must equal the deployment's environment, %s", ru.environment)
	}
	k := record{Name: name, Environment: ru.environment, CreatedAt: now.Unix(), Rev: 1,
		Scopes: ru.scopes(spec.Scopes, wrong), Metadata: metadata(spec.Metadata, wrong), Game: ru.game(spec.Game, wrong)}
	in, at := sent(spec.ExpiresIn), sent(spec.ExpiresAt)
	k.ExpiresAt = ru.expiry(in, at, now, wrong)
	if ru.contract.Keys.ExpiryRequired && !in.Sent && !at.Sent {
		wrong.add("expires_in", "is required unless expires_at is given: keys of this API must expire")
	}
	return k, wrong.err()
}

func sent(text *string) api.Nullable[string] {
	if text == nil {
		return api.Nullable[string]{}
	}
	return api.Nullable[string]{Sent: true, Value: *text}
}

// edited applies an edit to a key's record.
func (ru rules) edited(k record, e Edit, now time.Time) (record, error) {
	if e.empty() {
		return k, &api.Error{Condition: api.InputField, Message: "validation failed", Form: []string{"give at least one field to change"}}
	}
	wrong := problems{}
	if e.Name != nil {
		name, err := orgs.Name(*e.Name)
		wrong.take(err)
		k.Name = name
	}
	if e.Scopes != nil {
		k.Scopes = ru.scopes(e.Scopes, wrong)
	}
	if e.Metadata != nil {
		k.Metadata = metadata(e.Metadata, wrong)
	}
	if e.ExpiresIn.Sent || e.ExpiresAt.Sent {
		k.ExpiresAt = ru.expiry(e.ExpiresIn, e.ExpiresAt, now, wrong)
	}
	return k, wrong.err()
}

// scopes checks the names, collapses repetitions and falls back to the contract's default.
func (ru rules) scopes(asked []string, wrong problems) []string {
	s := ru.contract.Scopes
	if len(asked) == 0 {
		if len(s.Default) == 0 && s.Style != "role" {
			wrong.add("scopes", "must have at least one of %s", strings.Join(s.Names(), ", "))
		}
		return slices.Clone(s.Default)
	}
	known := s.Names()
	kept := make([]string, 0, len(asked))
	for _, scope := range asked {
		switch {
		case !slices.Contains(known, scope):
			wrong.add("scopes", "unknown scope %q; must be one of %s", scope, strings.Join(known, ", "))
		case !slices.Contains(kept, scope):
			kept = append(kept, scope)
		}
	}
	return kept
}

// expiry returns the moment at which a key ends, 0 for never. A life is measured
// from the moment at which it is asked for, so that a key that is renewed can be kept.
func (ru rules) expiry(in, at api.Nullable[string], now time.Time, wrong problems) int64 {
	switch {
	case in.Sent && at.Sent:
		wrong.add("expires_in", "give expires_in or expires_at, not both")
	case (in.Sent && in.Null) || (at.Sent && at.Null):
		if ru.contract.Keys.ExpiryRequired {
			wrong.add(map[bool]string{true: "expires_in", false: "expires_at"}[in.Sent], "cannot be removed: keys of this API must expire")
		}
	case in.Sent:
		life, err := contract.ParseDuration(in.Value)
		if err != nil {
			wrong.add("expires_in", "%v", err)
			return 0
		}
		if choices := ru.contract.Keys.ExpiryChoices; len(choices) > 0 && !slices.Contains(choices, in.Value) {
			wrong.add("expires_in", "must be one of %s; for any other expiry use expires_at", strings.Join(choices, ", "))
			return 0
		}
		// From the second that created_at shows, so that the two differ by the life.
		return ru.ends("expires_in", now.Truncate(time.Second).Add(life), now, wrong)
	case at.Sent:
		end, err := time.Parse(time.RFC3339, at.Value)
		if err != nil {
			wrong.add("expires_at", "must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z")
			return 0
		}
		return ru.ends("expires_at", end.Truncate(time.Second), now, wrong)
	}
	return 0
}

func (ru rules) ends(field string, end, now time.Time, wrong problems) int64 {
	most := time.Duration(ru.contract.Keys.MaxLife) * time.Second
	switch {
	case !end.After(now):
		wrong.add(field, "must be in the future")
	case most > 0 && end.After(now.Add(most)):
		wrong.add(field, "must be at most %s from now", days(most))
	case end.Year() > 9999:
		wrong.add(field, "year must be at most 9999")
	}
	return ceiling(end)
}

// overlap reads how long an old secret outlives its rotation.
func (ru rules) overlap(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := contract.ParseDuration(text)
	if err != nil {
		return 0, api.FieldError("overlap", "%v", err)
	}
	if most := time.Duration(ru.contract.Keys.MaxOverlap) * time.Second; d > most {
		return 0, api.FieldError("overlap", "must be at most %s", days(most))
	}
	return d, nil
}

// ceiling is the first whole second that is not before the moment.
func ceiling(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func days(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%ds", int64(d/time.Second))
}

// metadata returns a client's object as compact JSON, {} without one.
func metadata(o api.Object, wrong problems) string {
	if len(o) == 0 {
		return "{}"
	}
	compact, err := api.EncodeExactly(o)
	if err != nil {
		wrong.add("metadata", "must be a JSON object")
		return "{}"
	}
	if len(compact) > metadataAtMost {
		wrong.add("metadata", "must have at most %d bytes as JSON, got %d", metadataAtMost, len(compact))
	}
	return string(compact)
}

// ManagementAtMost is how many active management keys an organisation may have at
// once, whatever its plan. Their calls are free and unmetered, and a change of the
// organisation makes each of its keys' callers stale: without a bound, whoever has
// stolen one could make keys faster than they can be found and revoked, and what ends
// them all would take longer with each. A person or a pipeline needs one; 25 leaves
// room for all of them to be replaced at once.
const ManagementAtMost = 25

// kinds of active keys, which are counted apart.
const (
	clientKey     = "client"
	managementKey = "management"
)

// kind is what an active key is counted as, "" for one that has ended.
func (ru rules) kind(k record, now time.Time) string {
	switch {
	case k.state(now) != Active:
		return ""
	case management(ru.contract.Scopes, k.Scopes):
		return managementKey
	}
	return clientKey
}

// place refuses a further active client key beyond the plan's cap, which operators
// do not have, and a further active management key beyond [ManagementAtMost]. The
// key itself is not counted against it.
func (ru rules) place(o orgs.Org, held []record, k record, now time.Time) error {
	kind, active := clientKey, 0
	if management(ru.contract.Scopes, k.Scopes) {
		kind = managementKey
	}
	for _, other := range held {
		if other.ID != k.ID && ru.kind(other, now) == kind {
			active++
		}
	}
	plan := ru.plan(o)
	var full *api.Error
	switch {
	case kind == managementKey && active >= ManagementAtMost:
		full = api.Fail(api.ConflictCap, "an organisation may have %d active management keys, and this one has %d: revoke one", ManagementAtMost, active)
		full.Details = map[string]any{"cap": ManagementAtMost, "active": active}
	case kind == clientKey && !o.Operator && active >= plan.Keys:
		full = api.Fail(api.ConflictCap, "plan %s allows %d active client keys, and the organisation has %d: revoke one or choose a larger plan", plan.Name, plan.Keys, active)
		full.Details = map[string]any{"plan": plan.Name, "cap": plan.Keys, "active": active}
	default:
		return nil
	}
	return full
}

// plan is what an organisation bought. A plan that the contract no longer knows
// is its default plan.
func (ru rules) plan(o orgs.Org) contract.Plan {
	if p, ok := ru.contract.Plan(o.Plan); ok {
		return p
	}
	p, _ := ru.contract.Plan(ru.contract.DefaultPlan)
	return p
}

// limits are the budgets of an organisation's keys; operators are unmetered.
func (ru rules) limits(o orgs.Org) map[string]contract.Budget {
	if o.Operator {
		return nil
	}
	return ru.plan(o).Budgets
}
