package keys

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// Errors of secrets that are not valid. The condition says why. Contracts usually give
// all of them the same answer, and the message says no more than the holder of the
// secret may learn.
func secretUnknown() *api.Error { return api.Fail(api.SecretUnknown, "unknown API key") }

func secretRevoked() *api.Error {
	return api.Fail(api.SecretRevoked, "this key has been revoked or replaced")
}

func secretExpired(at int64) *api.Error {
	return api.Fail(api.SecretExpired, "this key expired at %s", time.Unix(at, 0).UTC().Format(time.RFC3339))
}

// Authenticate returns the caller that a secret authenticates. It checks in the order of
// cost: form, environment and tag before any read; then the secret's item; then the MAC
// under its pepper, in constant time; then as [Store.Resolve].
//
// A secret under an older pepper is MACed again with the current one. This is best effort
// and never fails the call. A secret whose pepper is unknown is unavailable, unless it has
// expired or was revoked.
func (s *Store) Authenticate(ctx context.Context, secret string) (*api.Caller, error) {
	if err := s.CheckForm(ctx, secret); err != nil {
		return nil, err
	}
	it, err := s.sent(ctx, apikey.ID(secret))
	if err != nil {
		return nil, err
	}
	switch err := s.prove(ctx, it, secret); {
	case errors.Is(err, apikey.ErrPepperUnknown):
		return nil, s.unproved(ctx, it, err)
	case err != nil:
		return nil, err
	}
	return s.caller(ctx, it)
}

// CheckForm refuses a secret that cannot be one of this deployment: by its form, environment
// and tag. It reads no table.
func (s *Store) CheckForm(ctx context.Context, secret string) error {
	tagKey, err := s.peppers.TagKey(ctx)
	if err != nil {
		return api.UnavailableError("reading the peppers", err)
	}
	switch err := apikey.Check(s.rules.contract.Secret, s.rules.environment, tagKey, secret); {
	case errors.Is(err, apikey.ErrEnvironment):
		return secretElsewhere()
	case err != nil:
		return api.Fail(api.SecretMalformed, "malformed API key")
	}
	return nil
}

// unproved is the answer for a secret whose pepper is not available. For a live secret that
// is unavailable, as nothing is known about it. A secret that has expired or was revoked
// gets the matching error: retiring a pepper leaves only such secrets under it, and
// answering 503 for them would raise the alarm for a failing store forever.
func (s *Store) unproved(ctx context.Context, it table.Item, cause error) error {
	_, err := s.caller(ctx, it)
	var e *api.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Condition, "secret.") {
		return err
	}
	return cause
}

// Resolve returns the caller of a secret that was authenticated before, as it is now. It
// reads consistently, first the gate's version and then the facts, so that the version is
// never newer than the facts. Errors are *api.Error: the condition that ended the secret,
// or unavailable.
func (s *Store) Resolve(ctx context.Context, secretID string) (*api.Caller, error) {
	it, err := s.secret(ctx, secretID)
	if err != nil {
		return nil, err
	}
	return s.caller(ctx, it)
}

// secret reads a secret's item. Only its MAC ever changes, but a replica may not have the
// item yet, so the read is consistent.
func (s *Store) secret(ctx context.Context, id string) (table.Item, error) {
	it, err := s.table.Get(ctx, secretAddress(id), true)
	if err != nil {
		return nil, api.UnavailableError("reading a secret", err)
	}
	switch {
	case it.Str("key") == "" || it.Str("contract") != s.rules.contract.Name:
		return nil, secretUnknown()
	case it.Str("environment") != s.rules.environment:
		return nil, secretElsewhere()
	}
	return it, nil
}

func secretElsewhere() *api.Error {
	return api.Fail(api.SecretEnvironment, "this key belongs to another environment")
}

// prove compares the secret's MAC. An unknown pepper version says nothing about the secret,
// so it is a 503, never a 401.
func (s *Store) prove(ctx context.Context, it table.Item, secret string) error {
	if hash := it.Str("sha256"); hash != "" {
		return s.proveForeign(ctx, it, hash, secret)
	}
	stored := it.Str("pepper")
	pepper, err := s.peppers.Get(ctx, stored)
	if err != nil {
		return api.UnavailableError("reading a pepper", err)
	}
	if !apikey.Equal(it.Str("mac"), apikey.MAC(pepper.Key, secret)) {
		return secretUnknown()
	}
	// Tokens stay under their pepper for the day that they may live: see recordTokenExpiry.
	if current, err := s.peppers.Current(ctx); err == nil && current.Version != stored && it.Str("parent") == "" {
		_, _ = s.table.Write(ctx, table.Update(secretAddress(it.Str("id")), macActions(current, secret),
			table.Eq("pepper", stored), table.Eq("mac", it.Str("mac"))))
	}
	return nil
}

// macActions sets a secret's MAC under a pepper.
func macActions(pepper apikey.Pepper, secret string) []table.Action {
	return []table.Action{table.Set("mac", apikey.MAC(pepper.Key, secret)), table.Set("pepper", pepper.Version)}
}

// proveForeign compares the hash of an imported secret. As this is its first use, it
// replaces the hash by a MAC under the current pepper. Of concurrent calls one does so; the
// others have proved the secret as well. Contracts whose secrets have a tag have no
// imported secrets.
func (s *Store) proveForeign(ctx context.Context, it table.Item, hash, secret string) error {
	if s.rules.contract.Secret.TagBytes > 0 || !apikey.Equal(hash, apikey.Hash(secret)) {
		return secretUnknown()
	}
	if current, err := s.peppers.Current(ctx); err == nil {
		_, _ = s.table.Write(ctx, table.Update(secretAddress(it.Str("id")),
			append(macActions(current, secret), table.Remove("sha256")), table.Eq("sha256", hash)))
	}
	return nil
}

// caller reads the key, the owner and the organisation of a secret's item.
func (s *Store) caller(ctx context.Context, secret table.Item) (*api.Caller, error) {
	if secret.Int("run") != 0 {
		return s.sessionCaller(ctx, secret)
	}
	key, org, owner := secret.Str("key"), secret.Str("org"), secret.Str("owner")
	version, err := s.gates.Version(ctx, key)
	if err != nil {
		return nil, api.UnavailableError("reading a key's version", err)
	}
	f, found, err := s.read(ctx, org, key, owner)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, secretUnknown()
	}
	parent := secret.Str("parent") // of a token: the secret that it was derived from
	notAfter, ended := f.ended(cmp.Or(parent, secret.Str("id")), s.now())
	if ended != nil {
		return nil, ended
	}
	c := &api.Caller{
		Key: key, Secret: secret.Str("id"), Org: org, User: owner, Role: f.role(), Standing: api.StandingActive,
		Plan: f.org.Plan, Environment: s.rules.environment, Contract: s.rules.contract.Name,
		Limits: s.rules.limits(f.org), Version: version, NotAfter: notAfter,
		CreatedBy: f.key.CreatedBy, Unclaimed: unclaimed(secret, f.key),
	}
	if f.owner.State != orgs.Active {
		c.Standing = f.owner.State
	}
	c.Scopes = slices.Clone(f.key.Scopes)
	c.Game = f.key.Game
	c.Permissions = s.permitted(s.rules.entitled(f.org, f.key), c.Role)
	if c.Unclaimed {
		c.Permissions = impersonal(c.Permissions)
	}
	if parent != "" {
		if err := s.derived(c, secret); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// permitted is [effective] under the contract, cached, as few keys differ in their scopes.
// Its result is shared and must not be changed.
func (s *Store) permitted(scopes []string, role string) []string {
	same := role + " " + strings.Join(scopes, " ")
	if p, ok := s.permissionCache.Get(same); ok {
		return p
	}
	p := effective(s.rules.contract.Scopes, scopes, role)
	s.permissionCache.Add(same, p)
	return p
}

// ended returns why the secret is not valid any more, or else until when it is (zero: no
// end).
func (f facts) ended(secretID string, now time.Time) (time.Time, *api.Error) {
	end, listed := f.key.Secrets[secretID]
	switch {
	case f.key.RevokedAt != 0 || !listed || !f.owned || f.org.ID == "":
		return time.Time{}, secretRevoked()
	case end != 0 && now.Unix() >= end:
		return time.Time{}, secretExpired(end)
	case f.key.state(now) == Expired:
		return time.Time{}, secretExpired(f.key.ExpiresAt)
	}
	if end == 0 || (f.key.ExpiresAt != 0 && f.key.ExpiresAt < end) {
		end = f.key.ExpiresAt
	}
	if end == 0 {
		return time.Time{}, nil
	}
	return time.Unix(end, 0).UTC(), nil
}
