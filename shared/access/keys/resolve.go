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

// The endings of a secret. Which one it was is in the condition, and contracts
// usually answer them all alike; the message says no more than the holder of the
// secret may know.
func secretUnknown() *api.Error { return api.Fail(api.SecretUnknown, "unknown API key") }

func secretRevoked() *api.Error {
	return api.Fail(api.SecretRevoked, "this key has been revoked or replaced")
}

func secretExpired(at int64) *api.Error {
	return api.Fail(api.SecretExpired, "this key expired at %s", time.Unix(at, 0).UTC().Format(time.RFC3339))
}

// Authenticate returns whom a secret stands for. The order is that of cost: form,
// environment and tag before anything is read; then the secret's item; its MAC
// under the pepper that it was made with, in constant time; then as [Store.Resolve].
//
// A secret under an older pepper is MACed again with the current one. That is done
// as well as may be and never fails the call. One whose pepper is unknown is
// unavailable, unless it has ended.
func (s *Store) Authenticate(ctx context.Context, secret string) (*api.Caller, error) {
	tagKey, err := s.peppers.TagKey(ctx)
	if err != nil {
		return nil, api.Down("reading the peppers", err)
	}
	switch err := apikey.Check(s.rules.contract.Secret, s.rules.environment, tagKey, secret); {
	case errors.Is(err, apikey.ErrEnvironment):
		return nil, secretElsewhere()
	case err != nil:
		return nil, api.Fail(api.SecretMalformed, "malformed API key")
	}
	it, err := s.secret(ctx, apikey.ID(secret))
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

// unproved is the answer for a secret whose pepper nobody has. While it is live
// that says nothing of it, so it is unavailable. One that has ended is answered as
// ended: a retired pepper leaves only those behind, and their clients would
// otherwise raise the alarm of a store that is down, for ever.
func (s *Store) unproved(ctx context.Context, it table.Item, cause error) error {
	_, err := s.caller(ctx, it)
	var e *api.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Condition, "secret.") {
		return err
	}
	return cause
}

// Resolve returns whom a secret that was authenticated before stands for now. It
// reads consistently: the gate's version, then the facts, so that the version is
// never newer than what it stands for. Errors are *api.Error of the condition
// that ended the secret, or unavailable.
func (s *Store) Resolve(ctx context.Context, secretID string) (*api.Caller, error) {
	it, err := s.secret(ctx, secretID)
	if err != nil {
		return nil, err
	}
	return s.caller(ctx, it)
}

// secret reads a secret's item. It never changes but for its MAC, yet it may be
// a moment old or not there yet, so this read is consistent too.
func (s *Store) secret(ctx context.Context, id string) (table.Item, error) {
	it, err := s.table.Get(ctx, secretAddress(id), true)
	if err != nil {
		return nil, api.Down("reading a secret", err)
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

// prove compares the secret's MAC. A pepper version that nobody knows says
// nothing of the secret: 503, never 401.
func (s *Store) prove(ctx context.Context, it table.Item, secret string) error {
	if hash := it.Str("sha256"); hash != "" {
		return s.proveForeign(ctx, it, hash, secret)
	}
	stored := it.Str("pepper")
	pepper, err := s.peppers.Get(ctx, stored)
	if err != nil {
		return api.Down("reading a pepper", err)
	}
	if !apikey.Equal(it.Str("mac"), apikey.MAC(pepper.Key, secret)) {
		return secretUnknown()
	}
	// Tokens stay under their pepper for the day that they last: see expectTokens.
	if current, err := s.peppers.Current(ctx); err == nil && current.Version != stored && it.Str("parent") == "" {
		_, _ = s.table.Write(ctx, table.Update(secretAddress(it.Str("id")), macked(current, secret),
			table.Eq("pepper", stored), table.Eq("mac", it.Str("mac"))))
	}
	return nil
}

// macked puts a secret under a pepper.
func macked(pepper apikey.Pepper, secret string) []table.Action {
	return []table.Action{table.Set("mac", apikey.MAC(pepper.Key, secret)), table.Set("pepper", pepper.Version)}
}

// proveForeign compares the hash of a secret that was imported, and puts the
// secret under the current pepper, as this is the first time that it is seen. Of
// calls that come at once one does it; the others have proved it no less. A
// contract whose secrets carry a tag has no such secrets.
func (s *Store) proveForeign(ctx context.Context, it table.Item, hash, secret string) error {
	if s.rules.contract.Secret.TagBytes > 0 || !apikey.Equal(hash, apikey.Hash(secret)) {
		return secretUnknown()
	}
	if current, err := s.peppers.Current(ctx); err == nil {
		_, _ = s.table.Write(ctx, table.Update(secretAddress(it.Str("id")),
			append(macked(current, secret), table.Remove("sha256")), table.Eq("sha256", hash)))
	}
	return nil
}

// caller reads who stands behind a secret's item.
func (s *Store) caller(ctx context.Context, secret table.Item) (*api.Caller, error) {
	key, org, owner := secret.Str("key"), secret.Str("org"), secret.Str("owner")
	version, err := s.gates.Version(ctx, key)
	if err != nil {
		return nil, api.Down("reading a key's version", err)
	}
	f, found, err := s.read(ctx, org, key, owner)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, secretUnknown()
	}
	parent := secret.Str("parent") // of a token: the secret that it stands and falls with
	notAfter, ended := f.ended(cmp.Or(parent, secret.Str("id")), s.now())
	if ended != nil {
		return nil, ended
	}
	c := &api.Caller{
		Key: key, Secret: secret.Str("id"), Org: org, User: owner, Role: f.role(), Standing: api.StandingActive,
		Plan: f.org.Plan, Environment: s.rules.environment, Contract: s.rules.contract.Name,
		Limits: s.rules.limits(f.org), Version: version, NotAfter: notAfter,
	}
	if f.owner.State != orgs.Active {
		c.Standing = f.owner.State
	}
	c.Scopes = slices.Clone(f.key.Scopes)
	c.Game = f.key.Game
	c.Permissions = s.permitted(s.rules.entitled(f.org, f.key), c.Role)
	if parent != "" {
		if err := s.derived(c, secret); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// permitted is [effective] under the contract, remembered: few keys differ in
// their scopes. It is shared and must not be changed.
func (s *Store) permitted(scopes []string, role string) []string {
	same := role + " " + strings.Join(scopes, " ")
	if p, ok := s.powers.Get(same); ok {
		return p
	}
	p := effective(s.rules.contract.Scopes, scopes, role)
	s.powers.Add(same, p)
	return p
}

// ended tells why the secret is no longer good, or until when it is (zero: for ever).
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
