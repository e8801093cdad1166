package openid

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/table"
)

// How long a person has at the provider, and for choosing an organisation.
const (
	AttemptLife = 10 * time.Minute
	ChoiceLife  = 5 * time.Minute
)

// Table is the part of the keys table that the store uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	Write(ctx context.Context, w table.Write) (table.Item, error)
}

// Pending stores sign-ins between their requests. Each has a handle, which the page sends, and
// belongs to the browser that has its cookie. Each is used once. Handles and cookies are stored
// as hashes: they are random enough for that.
type Pending struct {
	Table Table
	Rand  io.Reader // nil for crypto/rand.Reader
}

// Begun is a sign-in whose person is at the provider.
type Begun struct {
	Attempt
	Cookie string
	Since  time.Time // the request that began it
}

// Choice is a sign-in whose person chooses an organisation.
type Choice struct {
	Code   string
	Cookie string
	Email  string // that the provider has verified
}

const (
	attemptSort = "ATTEMPT"
	choiceSort  = "CHOICE"
)

func address(handle, sort string) table.Key {
	return table.Key{Partition: table.Join("OIDC", apikey.Hash(handle)), Sort: sort}
}

// New returns a new sign-in, which is not stored yet.
func (p Pending) New(now time.Time) (Begun, error) {
	b := Begun{Since: now}
	err := p.fill(&b.State, &b.Nonce, &b.Verifier, &b.Cookie)
	return b, err
}

// Keep stores a sign-in.
func (p Pending) Keep(ctx context.Context, b Begun) error {
	return p.put(ctx, address(b.State, attemptSort), b.Cookie, b.Since.Add(AttemptLife),
		table.Item{"nonce": b.Nonce, "verifier": b.Verifier, "since": b.Since.Unix()})
}

// Take uses up a sign-in that one of the browser's cookies belongs to. Of concurrent requests,
// one succeeds. The cookie of another browser uses up nothing.
func (p Pending) Take(ctx context.Context, now time.Time, state string, cookies []string) (Begun, error) {
	it, err := p.take(ctx, now, address(state, attemptSort), cookies)
	return Begun{Attempt: Attempt{State: state, Nonce: it.Str("nonce"), Verifier: it.Str("verifier")}, Since: time.Unix(it.Int("since"), 0)}, err
}

// Offer stores that a person with a verified address chooses an organisation.
func (p Pending) Offer(ctx context.Context, now time.Time, email string) (Choice, error) {
	c := Choice{Email: email}
	if err := p.fill(&c.Code, &c.Cookie); err != nil {
		return c, err
	}
	return c, p.put(ctx, address(c.Code, choiceSort), c.Cookie, now.Add(ChoiceLife), table.Item{"email": email})
}

// Choose uses up a choice and returns the person's address.
func (p Pending) Choose(ctx context.Context, now time.Time, code string, cookies []string) (email string, err error) {
	it, err := p.take(ctx, now, address(code, choiceSort), cookies)
	return it.Str("email"), err
}

// secretBytes is the randomness of each value. As base64url they have 43 characters, which is
// also the least that PKCE allows.
const secretBytes = 32

func (p Pending) fill(values ...*string) error {
	source := p.Rand
	if source == nil {
		source = rand.Reader
	}
	raw := make([]byte, secretBytes)
	for _, v := range values {
		if _, err := io.ReadFull(source, raw); err != nil {
			return fmt.Errorf("openid: reading randomness: %w", err)
		}
		*v = base64.RawURLEncoding.EncodeToString(raw)
	}
	return nil
}

func (p Pending) put(ctx context.Context, at table.Key, cookie string, ends time.Time, it table.Item) error {
	it[table.PartitionAttr], it[table.SortAttr], it[table.TTLAttr] = at.Partition, at.Sort, ends.Unix()
	it["cookie"], it["ends"] = apikey.Hash(cookie), ends.Unix()
	if _, err := p.Table.Write(ctx, table.Put(it, table.IsNew())); err != nil {
		return api.UnavailableError("storing a sign-in", err)
	}
	return nil
}

func (p Pending) take(ctx context.Context, now time.Time, at table.Key, cookies []string) (table.Item, error) {
	gone := Refused("this sign-in was used before, has expired, or began in another browser: sign in again")
	it, err := p.Table.Get(ctx, at, true)
	if err != nil {
		return nil, api.UnavailableError("reading a sign-in", err)
	}
	mine := false
	for _, one := range cookies {
		mine = mine || apikey.Equal(it.Str("cookie"), apikey.Hash(one))
	}
	if it == nil || !mine {
		return nil, gone
	}
	was, err := p.Table.Write(ctx, table.Delete(at, table.Eq("cookie", it.Str("cookie")), table.Gt("ends", now.Unix())))
	if table.AsConditionFailed(err) != nil {
		return nil, gone
	}
	if err != nil {
		// The delete may have been applied. The sign-in is then over, and no session began.
		return nil, api.UnavailableError("using up a sign-in", err)
	}
	return was, nil
}
