package keys

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// Bounds on the life of tokens.
const (
	minTokenLife     = time.Minute
	maxTokenLife     = 24 * time.Hour
	defaultTokenLife = time.Hour
)

// TokenSpec describes a new token.
type TokenSpec struct {
	Scopes    []string // nil: all of the key's that reach data
	ExpiresIn *string  // a duration; nil: an hour
}

// Token is a short-lived secret that is derived from a key and shown only once.
type Token struct {
	Token     string    `json:"token" doc:"Token; sent like a key's secret, and shown only in this response"`
	Key       string    `json:"key" doc:"Id of the key that the token acts for and whose quota it uses" example:"key_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Scopes    []string  `json:"scopes" nullable:"false" doc:"Scopes of the token; each is effective only while the key has it"`
	CreatedAt time.Time `json:"created_at" doc:"Creation time"`
	ExpiresAt time.Time `json:"expires_at" doc:"Expiry time; the token ends earlier if the key or the secret that created it does"`
}

// Derive makes a token of the calling key. A token is an item of its own that names its
// parent, the secret that made it, and the gate lets no token make another. When that secret or the key expires or is revoked, the
// token is refused on its next request. Requests with it pass the key's own gate. No list
// shows tokens; the table's TTL deletes them once they have expired.
func (s *Store) Derive(ctx context.Context, r *api.Request, spec TokenSpec) (Token, error) {
	token, err := s.repeats.Of(r, tokenInput{r.Caller.Key, spec})
	if err != nil {
		return Token{}, err
	}
	life, invalid := tokenLife(spec.ExpiresIn)
	n, err := s.mint(ctx, record{ID: r.Caller.Key}, r.Now)
	if err != nil {
		return Token{}, err
	}
	empty := Token{Token: n.secret, Key: r.Caller.Key, CreatedAt: r.Now.UTC().Truncate(time.Second)}
	// No secret is returned with an error.
	return change.Make(ctx, s.changes, change.Call{By: audit.Caller(r), Token: token.Secret(idempotency.Key, r.Caller.Key)},
		func(ctx context.Context, attempt int) (tokenFacts, error) {
			if attempt > 1 {
				if made, err := s.table.Get(ctx, secretAddress(apikey.ID(n.secret)), true); err != nil || made != nil {
					return tokenFacts{done: true}, down("looking for a token", err)
				}
			}
			if invalid != nil { // after the Idempotency-Key: a repeat is refused as such even with another body
				return tokenFacts{}, invalid
			}
			f, err := s.self(ctx, r.Caller)
			return tokenFacts{facts: f}, err
		},
		func(f tokenFacts) (Token, change.Plan, error) {
			if f.done {
				return Token{}, change.Plan{Made: true}, nil
			}
			n, t := n, empty
			n.key, n.claimed = f.key, !r.Caller.Unclaimed
			if err := s.fillToken(&t, f.facts, r, spec, life); err != nil {
				return Token{}, change.Plan{}, err
			}
			plan := s.tokenPlan(r.Caller.Secret, n, t)
			plan.Before = func(ctx context.Context) error { return s.recordTokenExpiry(ctx, n.pepper, t, r.Now) }
			return t, plan, nil
		})
}

// tokenInput is what makes two creations of a token the same request.
type tokenInput struct {
	Key  string
	Spec TokenSpec
}

// tokenFacts are the facts that decide whether a token is made.
type tokenFacts struct {
	facts
	done bool // it was made by an earlier attempt, whose answer was lost
}

// down returns an unavailable error if the store did not answer, else nil.
func down(doing string, err error) error {
	if err == nil {
		return nil
	}
	return api.UnavailableError(doing, err)
}

func tokenLife(text *string) (time.Duration, error) {
	if text == nil {
		return defaultTokenLife, nil
	}
	life, err := contract.ParseDuration(*text)
	switch {
	case err != nil:
		return 0, api.FieldError("expires_in", "%v", err)
	case life < minTokenLife || life > maxTokenLife:
		return 0, api.FieldError("expires_in", "must be from 1m to 24h")
	}
	return life, nil
}

// fillToken sets the token's scopes and its expiry, which is not after that of its parent.
func (s *Store) fillToken(t *Token, f facts, r *api.Request, spec TokenSpec, life time.Duration) error {
	last, ended := f.ended(r.Caller.Secret, r.Now)
	if ended != nil {
		return ended
	}
	t.ExpiresAt = t.CreatedAt.Add(life)
	if !last.IsZero() && last.Before(t.ExpiresAt) {
		t.ExpiresAt = last
	}
	of := s.rules.contract.Scopes
	held := slices.DeleteFunc(slices.Clone(f.key.Scopes), of.IsManagementScope)
	if len(held) == 0 && of.Style != "role" {
		return api.FieldError("scopes", "tokens can have only scopes that reach data, and this key has none")
	}
	t.Scopes = append([]string{}, held...)
	switch {
	case spec.Scopes == nil:
		return nil
	case len(spec.Scopes) == 0 && of.Style != "role":
		return api.FieldError("scopes", "must have at least one of %s; omit the list for all of them", strings.Join(held, ", "))
	}
	t.Scopes = []string{}
	for _, scope := range spec.Scopes {
		switch {
		case !slices.Contains(held, scope):
			return api.FieldError("scopes", "a token of this key cannot have %q; it can have %s", scope, strings.Join(held, ", "))
		case !slices.Contains(t.Scopes, scope):
			t.Scopes = append(t.Scopes, scope)
		}
	}
	return nil
}

// tokenSettings describes a token in the audit trail.
type tokenSettings struct {
	Token     string    `json:"token"`  // its id
	Secret    string    `json:"secret"` // id of its parent
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// tokenPlan writes the token's item and its audit entry, whose target is the key.
func (s *Store) tokenPlan(parent string, n newKey, t Token) change.Plan {
	it := s.secretItem(n)
	it["parent"], it["scopes"], it["ends"], it[table.TTLAttr] = parent, table.List(t.Scopes), t.ExpiresAt.Unix(), t.ExpiresAt.Unix()
	return change.Plan{Writes: []table.Write{table.Put(it, table.IsNew())},
		Entries: []audit.Change{{Org: n.key.Org, Action: "token.create", Target: t.Key,
			After: tokenSettings{it.Str("id"), parent, t.Scopes, t.ExpiresAt}}}}
}

const tokensSort = "TOKENS" // of the item that holds until when a key may have tokens

func tokensAddress(key string) table.Key {
	return table.Key{Partition: pointerAddress(key).Partition, Sort: tokensSort}
}

// tokensUntil is the attribute of that item for a pepper version, in seconds since 1970.
func tokensUntil(version string) string { return "until_" + version }

// recordTokenExpiry stores, before the token, until when tokens of the key may be under a pepper
// version. Nothing else finds tokens, and a pepper must not be retired before that time.
func (s *Store) recordTokenExpiry(ctx context.Context, pepper string, t Token, now time.Time) error {
	until := tokensUntil(pepper)
	_, err := s.table.Write(ctx, table.Update(tokensAddress(t.Key), []table.Action{
		table.Set(until, t.ExpiresAt.Unix()), table.Set(table.TTLAttr, now.Add(2*maxTokenLife).Unix()),
	}, table.Or(table.Missing(until), table.Lt(until, t.ExpiresAt.Unix()))))
	if table.AsConditionFailed(err) != nil {
		return nil // a longer-lived token is recorded already
	}
	return down("recording the expiry of a token", err)
}

// derived narrows a key's caller to a token's: the permissions that both have, until the
// earlier expiry. Comparing scopes is not enough, as a scope may reach further where
// another one is missing.
func (s *Store) derived(c *api.Caller, token table.Item) error {
	end := token.Int("ends")
	if s.now().Unix() >= end {
		return secretExpired(end)
	}
	if at := time.Unix(end, 0).UTC(); c.NotAfter.IsZero() || at.Before(c.NotAfter) {
		c.NotAfter = at
	}
	listed, _ := token["scopes"].([]any)
	given := make([]string, 0, len(listed))
	for _, v := range listed {
		scope, ok := v.(string)
		if !ok {
			return api.ErrorOf(fmt.Errorf("keys: reading token %s: a scope is %T", token.Str("id"), v))
		}
		given = append(given, scope)
	}
	c.Token = true
	c.Permissions = slices.DeleteFunc(meet(c.Permissions, s.permitted(given, c.Role)), contract.IsManagement)
	c.Scopes = slices.DeleteFunc(given, func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
	return nil
}
