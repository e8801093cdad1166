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

const maxMetadataBytes = 1024 // bytes of compact JSON

// Spec describes a new key.
type Spec struct {
	Name        string
	Scopes      []string // nil: the contract's default
	ExpiresIn   *string  // a duration; not with ExpiresAt
	ExpiresAt   *string  // RFC 3339
	Metadata    api.Object
	Environment *string // must equal the deployment's
	Org         *string // id; only operators may name another than their own
	User        *string // id of the owner
	Game        *string // game that it is bound to, where its scopes need an approval for a game
}

// Edit is a change of a key; fields that are nil, or not sent, stay as they are.
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

// rules apply the deployment's contract to keys.
type rules struct {
	contract    *contract.Contract
	environment string
}

// problems collects every problem of an input, so that one answer lists them all.
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

// fresh turns a Spec into a new key's record, without ids, owner and secret. It does not
// check the caller's permissions.
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

// scopes checks the names and drops duplicates. Without a list it returns the contract's
// default. An empty list is refused, as the default would grant scopes that the list does not
// have; it is valid where the owner's role decides, and then means no management scope.
func (ru rules) scopes(asked []string, wrong problems) []string {
	s := ru.contract.Scopes
	if asked == nil {
		asked = s.Default
	}
	if len(asked) == 0 && s.Style != "role" {
		wrong.add("scopes", "must have at least one of %s", strings.Join(s.Names(), ", "))
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

// expiry returns when a key expires, in seconds since 1970, 0 for never. expires_in counts
// from now, even for an existing key, so that a renewed key can be kept for as long again.
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
		// Counted from the second that created_at shows, so that the two differ by exactly
		// the life.
		return ru.checkEnd("expires_in", now.Truncate(time.Second).Add(life), now, wrong)
	case at.Sent:
		end, err := api.ParseTime(at.Value)
		if err != nil {
			wrong.add("expires_at", "must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z")
			return 0
		}
		return ru.checkEnd("expires_at", end.Truncate(time.Second), now, wrong)
	}
	return 0
}

func (ru rules) checkEnd(field string, end, now time.Time, wrong problems) int64 {
	most := time.Duration(ru.contract.Keys.MaxLife) * time.Second
	switch {
	case !end.After(now):
		wrong.add(field, "must be in the future")
	case most > 0 && end.After(now.Add(most)):
		wrong.add(field, "must be at most %s from now", days(most))
	case end.Year() > 9999:
		wrong.add(field, "year must be at most 9999")
	}
	return api.WholeSecond(end)
}

// overlap parses how long an old secret stays valid after a rotation.
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

func days(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%ds", int64(d/time.Second))
}

// metadata returns a client's object as compact JSON, {} for a missing object.
func metadata(o api.Object, wrong problems) string {
	if len(o) == 0 {
		return "{}"
	}
	compact, err := api.EncodeExactly(o)
	if err != nil {
		wrong.add("metadata", "must be a JSON object")
		return "{}"
	}
	if len(compact) > maxMetadataBytes {
		wrong.add("metadata", "must have at most %d bytes as JSON, got %d", maxMetadataBytes, len(compact))
	}
	return string(compact)
}

// MaxManagementKeys is how many active management keys, which reach no data, an organisation
// may have on any plan. Requests of key management cost no quota, and a change of the
// organisation makes the callers of all its keys stale. Without a bound, a thief of one
// management key could make keys faster than they can be found and revoked, and revoking
// them all would take longer with each. A person or a pipeline needs one key; 25 leaves
// room to replace all of them at the same time.
const MaxManagementKeys = 25

// Kinds of active keys, each with a cap of its own.
const (
	clientKey     = "client"
	managementKey = "management"
)

// kind returns the kind that an active key of the organisation counts as, "" for an expired
// or revoked key.
func (ru rules) kind(o orgs.Org, k record, now time.Time) string {
	if k.state(now) != Active {
		return ""
	}
	return ru.activeKind(o, k.Scopes)
}

// activeKind returns the kind of a key with these scopes. A key that reaches data is a client
// key, with or without management scopes: otherwise one would lift it out of the plan. So is a
// key without any permission. The operator's organisation has no plan to leave; there
// each key that manages counts against [MaxManagementKeys].
func (ru rules) activeKind(o orgs.Org, scopes []string) string {
	if manages, data := reach(ru.contract.Scopes, scopes); manages && (!data || o.Operator) {
		return managementKey
	}
	return clientKey
}

// checkCap refuses an active client key beyond the plan's cap, which operators do not have,
// and an active management key beyond [MaxManagementKeys]. The key itself does not count.
// Keys that were made when other rules applied stay and count, so an organisation can be over
// its cap; it can then make no keys.
func (ru rules) checkCap(o orgs.Org, held []record, k record, now time.Time) error {
	kind, active := ru.activeKind(o, k.Scopes), 0
	for _, other := range held {
		if other.ID != k.ID && ru.kind(o, other, now) == kind {
			active++
		}
	}
	plan := ru.plan(o)
	var full *api.Error
	switch {
	case kind == managementKey && active >= MaxManagementKeys:
		full = api.Fail(api.ConflictCap, "an organisation may have %d active management keys, and this one has %d: revoke one", MaxManagementKeys, active)
		full.Details = map[string]any{"cap": MaxManagementKeys, "active": active}
	case kind == clientKey && !o.Operator && active >= plan.Keys:
		full = api.Fail(api.ConflictCap, "plan %s allows %d active client keys, and the organisation has %d: revoke one or choose a larger plan", plan.Name, plan.Keys, active)
		full.Details = map[string]any{"plan": plan.Name, "cap": plan.Keys, "active": active}
	default:
		return nil
	}
	return full
}

// plan returns the organisation's plan, or the contract's default plan if the contract no
// longer has it.
func (ru rules) plan(o orgs.Org) contract.Plan {
	if p, ok := ru.contract.Plan(o.Plan); ok {
		return p
	}
	p, _ := ru.contract.Plan(ru.contract.DefaultPlan)
	return p
}

// limits returns the budgets of an organisation's keys; operators are unmetered.
func (ru rules) limits(o orgs.Org) map[string]contract.Budget {
	if o.Operator {
		return nil
	}
	return ru.plan(o).Budgets
}
