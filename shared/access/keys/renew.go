package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// cookieOf returns a session's cookie: where the session is stored, and the secret.
func cookieOf(is session, secret string) string {
	return strings.Join([]string{is.Org, is.Place, strconv.FormatInt(is.Run, 10), secret}, ".")
}

// cookie is a parsed cookie.
type cookie struct {
	org, place string
	run        int64
	secret     string
}

// maxCookie bounds the bytes of a cookie that are parsed.
const maxCookie = 512

func parseCookie(text string) (cookie, bool) {
	parts := strings.Split(text, ".")
	if len(text) > maxCookie || len(parts) != 4 || !ids.Valid(parts[0]) || !ids.Valid(parts[1]) {
		return cookie{}, false
	}
	run, err := strconv.ParseInt(parts[2], 10, 64)
	return cookie{parts[0], parts[1], run, parts[3]}, err == nil && run > 0 && parts[3] != ""
}

// Renew returns a new access token of the session that the cookie renews. The cookie stays the
// same, so two tabs may renew at once. Renewals are not audited.
func (s *Store) Renew(ctx context.Context, now time.Time, text string) (Opened, error) {
	is, secret, err := s.renewable(ctx, now, text)
	if err != nil {
		return Opened{}, err
	}
	place := orgs.Place{ID: is.Place, Run: is.Run}
	f, err := s.sessionFacts(ctx, is.Org, is.User, is.Key, place)
	if err != nil {
		return Opened{}, err
	}
	if f.member.State != orgs.Active {
		return Opened{}, api.Fail("standing."+f.member.State, "this member is %s", f.member.State)
	}
	if is.Key != "" {
		if _, ended := f.key.ended(f.place.Secret, now); ended != nil {
			return Opened{}, ended
		}
	}
	n, err := s.mint(ctx, record{ID: is.Place}, now)
	if err != nil {
		return Opened{}, err
	}
	expires := min(now.Add(AccessLife).Unix(), is.Ends)
	if is, err = s.renewed(ctx, is, n, secret, now, expires); err != nil {
		return Opened{}, err
	}
	v := is.view(f.member.Effective(f.org))
	v.Current = true
	return Opened{Session: v, AccessToken: n.secret, ExpiresAt: time.Unix(expires, 0).UTC(), Cookie: text}, nil
}

// renewable returns the session that a cookie renews, and the cookie's secret.
func (s *Store) renewable(ctx context.Context, now time.Time, text string) (session, string, error) {
	c, ok := parseCookie(text)
	if !ok {
		return session{}, "", api.Fail(api.SecretMissing, "there is no session")
	}
	it, err := s.table.Get(ctx, sessionAddress(c.org, c.place), true)
	if err != nil {
		return session{}, "", api.UnavailableError("reading a session", err)
	}
	var is session
	if it == nil {
		return is, "", sessionEnded()
	}
	if err := table.Decode(it, &is); err != nil {
		return is, "", err
	}
	if is.Run != c.run || !is.live(now) {
		return is, "", sessionEnded()
	}
	pepper, err := s.peppers.Get(ctx, is.Pepper)
	if err != nil {
		return is, "", api.UnavailableError("reading a pepper", err)
	}
	if !apikey.Equal(is.MAC, cookieMAC(pepper, c.secret)) {
		return is, "", sessionEnded()
	}
	return is, c.secret, nil
}

// renewed stores a renewal and then the access token. The session's item says until when access
// tokens may be under a pepper, as nothing else finds them. It moves under the token's pepper.
func (s *Store) renewed(ctx context.Context, is session, n newKey, secret string, now time.Time, expires int64) (session, error) {
	actions := []table.Action{table.Set("renewed", now.Unix()), table.Set(tokensUntil(n.pepper), expires)}
	if n.pepper != is.Pepper {
		pepper, err := s.peppers.Get(ctx, n.pepper)
		if err != nil {
			return is, api.UnavailableError("reading a pepper", err)
		}
		actions = append(actions, table.Set("mac", cookieMAC(pepper, secret)), table.Set("pepper", n.pepper))
	}
	if err := s.countRenewal(ctx, is, now, actions); err != nil {
		return is, err
	}
	is.Renewed = now.Unix()
	if _, err := s.table.Write(ctx, table.Put(s.accessItem(n, is, expires), table.IsNew())); err != nil {
		// Without its answer, the write may have been applied: the token is then not handed out.
		return is, api.UnavailableError("storing an access token", err)
	}
	return is, nil
}

// countRenewal stores a renewal if the session has not ended and was not renewed too often.
func (s *Store) countRenewal(ctx context.Context, is session, now time.Time, actions []table.Action) error {
	minute := now.Unix() / 60
	live := []table.Cond{table.Eq("run", is.Run), table.Gt("ends", now.Unix())}
	count := table.Update(is.address(), append(slices.Clone(actions), table.Increment("times", 1)),
		append(live, table.Ge("minute", minute), table.Lt("times", int64(maxRenewals)))...)
	roll := table.Update(is.address(), append(slices.Clone(actions), table.Set("minute", minute), table.Set("times", int64(1))),
		append(live, table.Lt("minute", minute))...)
	writes := []table.Write{roll, count}
	if is.Minute >= minute {
		writes = []table.Write{count}
	}
	for _, w := range writes {
		_, err := s.table.Write(ctx, w)
		if err == nil {
			return nil
		}
		refused := table.AsConditionFailed(err)
		if refused == nil {
			return api.UnavailableError("renewing a session", err)
		}
		if refused.Item.Int("run") != is.Run || refused.Item.Int("ends") <= now.Unix() {
			return sessionEnded()
		}
	}
	e := api.Fail(api.Quota, "this session was renewed more than %d times in a minute: wait before the next renewal", maxRenewals)
	e.RetryAfter = time.Unix((minute+1)*60, 0).Sub(now)
	return e
}

// Close ends the session that a cookie renews. A cookie without a session is no error: the
// session has ended.
func (s *Store) Close(ctx context.Context, in SignIn, text string) error {
	is, _, err := s.renewable(ctx, in.At, text)
	var refused *api.Error
	switch {
	case errors.As(err, &refused) && strings.HasPrefix(refused.Condition, "secret."):
		return nil
	case err != nil:
		return err
	}
	id := orgs.Place{ID: is.Place, Run: is.Run}.Session()
	by := beginning{SignIn: in, user: is.User, key: is.Key}.actor(id)
	err = s.endAll(ctx, ending{by: by, org: is.Org, user: is.User, which: func(p orgs.Place) bool { return p.Session() == id }})
	if err != nil {
		return fmt.Errorf("keys: closing session %s: %w", id, err)
	}
	return nil
}
