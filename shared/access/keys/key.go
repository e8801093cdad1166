// Package keys stores keys and their secrets. It decides who may make which key, how many
// an organisation may have, and which caller a secret authenticates.
//
// An organisation owns keys; a client sends a secret. A key's item lists its valid secrets
// with the time at which each expires, so a rotation or a revocation is one write on one
// item. A secret that the key does not list is refused, whatever else is stored of it.
//
// A secret's item does not contain the secret: its address is [apikey.ID], and it holds a
// MAC under a pepper. One transaction writes both items, a pointer from the key's id to its
// organisation, the audit entry and the item of the Idempotency-Key. The gate's item is
// never part of a transaction (see package change).
package keys

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// States of a key.
const (
	Active  = "active"
	Expired = "expired"
	Revoked = "revoked"
)

// How a key's secret is stored.
const (
	HashHMAC   = "hmac"
	HashSHA256 = "sha256" // imported, and not used since
)

// rotateAfter is the age from which on replacing a secret is recommended.
const rotateAfter = 90 * 24 * time.Hour

const (
	keyPrefix  = "KEY#"
	keySort    = "KEY"    // of the pointer from a key's id to its organisation
	secretSort = "SECRET" // of a secret's item
)

// Key is a key as clients see it.
type Key struct {
	ID          string         `json:"id" doc:"Key id" example:"key_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Name        string         `json:"name" doc:"Display name, 1–80 characters"`
	Prefix      string         `json:"prefix" doc:"Prefix of the key's secrets" example:"sg_live_"`
	LastFour    string         `json:"last_four" doc:"Last characters of the newest secret, as many as the contract shows"`
	Hash        string         `json:"hash" enum:"hmac,sha256" doc:"Storage form of the secret: hmac, an HMAC under the deployment's pepper, or sha256, the imported hash of a secret that has not been used yet. During an overlap, sha256 if either secret has that form"`
	Environment string         `json:"environment" doc:"Environment"`
	Scopes      []string       `json:"scopes" nullable:"false" doc:"Scopes"`
	Plan        string         `json:"plan" doc:"Plan of the organisation"`
	State       string         `json:"state" enum:"active,expired,revoked" doc:"Key state"`
	User        string         `json:"user" doc:"Id of the member who owns the key; the member's role limits the key"`
	CreatedBy   *string        `json:"created_by" doc:"Id of the user who created the key; null if it was created outside the API"`
	CreatedAt   time.Time      `json:"created_at" doc:"Creation time"`
	ExpiresAt   *time.Time     `json:"expires_at" doc:"Expiry time; null if the key does not expire"`
	RevokedAt   *time.Time     `json:"revoked_at" doc:"Revocation time; null if the key is not revoked"`
	LastUsedAt  *time.Time     `json:"last_used_at" doc:"Time of the last request; null if the key was never used"`
	Metadata    map[string]any `json:"metadata" doc:"Metadata of your own, at most 1 KB as JSON"`
	Game        *string        `json:"game" doc:"Id of the game that the key is bound to; null without one"`
	// RotateRecommended marks an old secret; nothing is refused for its age.
	RotateRecommended bool  `json:"rotate_recommended" doc:"Whether the key is active and its newest secret is more than 90 days old"`
	Usage             Usage `json:"usage" doc:"Request counts"`
}

// Usage is the number of requests made with a key.
type Usage struct {
	Total  int64  `json:"total" doc:"Requests since the key was created"`
	Window Window `json:"window" doc:"Use of the quota in the current window"`
}

// Window is the current quota window. Unmetered keys have neither limit nor end.
type Window struct {
	Limit     *int64     `json:"limit" doc:"Requests allowed per window; null without a quota"`
	Used      int64      `json:"used" doc:"Requests counted in the current window"`
	Remaining *int64     `json:"remaining" doc:"Requests left in the current window; null without a quota"`
	ResetsAt  *time.Time `json:"resets_at" doc:"End of the current window; null without a quota"`
}

// Minted is a key with its secret, which is shown only once.
type Minted struct {
	Key
	Secret string `json:"secret" doc:"Secret of the key; shown only in this response"`
}

// Rotated is a key with its new secret.
type Rotated struct {
	Key
	Secret            string     `json:"secret" doc:"New secret of the key; shown only in this response"`
	PreviousExpiresAt *time.Time `json:"previous_expires_at" doc:"Expiry time of the previous secret; null if it has already expired"`
}

// record is a key as it is stored. Times are seconds since 1970, 0 for none.
type record struct {
	ID          string           `json:"id"`
	Org         string           `json:"org"`
	Name        string           `json:"name"`
	Scopes      []string         `json:"scopes"`
	Metadata    string           `json:"metadata"` // JSON text, as items cannot store fractions
	Owner       string           `json:"owner"`
	CreatedBy   string           `json:"created_by"`
	Game        string           `json:"game,omitempty"`
	Prefix      string           `json:"prefix"`
	LastFour    string           `json:"last_four"`
	Environment string           `json:"environment"`
	CreatedAt   int64            `json:"created_at"`
	SecretAt    int64            `json:"secret_at"` // when the newest secret was made; 0: when the key was made
	ExpiresAt   int64            `json:"expires_at"`
	RevokedAt   int64            `json:"revoked_at"`
	Secrets     map[string]int64 `json:"secrets"` // secret id → when it expires, 0 for never
	// Imported is the id of the imported secret, "" without one.
	Imported string `json:"imported,omitempty"`
	Rev      int64  `json:"rev"` // incremented by every change
}

func address(org, key string) table.Key {
	return table.Key{Partition: orgs.Partition(org), Sort: keyPrefix + key}
}

func pointerAddress(key string) table.Key {
	return table.Key{Partition: table.Join("KEY", key), Sort: keySort}
}

func secretAddress(id string) table.Key {
	return table.Key{Partition: table.Join("SECRET", id), Sort: secretSort}
}

func (k record) item() (table.Item, error) {
	it, err := table.Encode(k)
	if err != nil {
		return nil, fmt.Errorf("keys: encoding key %s: %w", k.ID, err)
	}
	at := address(k.Org, k.ID)
	it[table.PartitionAttr], it[table.SortAttr] = at.Partition, at.Sort
	return it, nil
}

// recordFrom decodes a key's item; false for any other item. It reads attribute by
// attribute: the authorizer does so for every secret that it sees, and decoding by way of
// JSON took as long as the reads from the store.
func recordFrom(it table.Item) (record, bool, error) {
	if !strings.HasPrefix(it.Str(table.SortAttr), keyPrefix) {
		return record{}, false, nil
	}
	k := record{
		ID: it.Str("id"), Org: it.Str("org"), Name: it.Str("name"), Metadata: it.Str("metadata"),
		Owner: it.Str("owner"), CreatedBy: it.Str("created_by"), Game: it.Str("game"), Prefix: it.Str("prefix"), LastFour: it.Str("last_four"),
		Environment: it.Str("environment"), CreatedAt: it.Int("created_at"), SecretAt: it.Int("secret_at"), ExpiresAt: it.Int("expires_at"),
		RevokedAt: it.Int("revoked_at"), Imported: it.Str("imported"), Rev: it.Int("rev"),
	}
	scopes, _ := it["scopes"].([]any)
	for _, v := range scopes {
		scope, ok := v.(string)
		if !ok {
			return record{}, false, fmt.Errorf("keys: reading key %s: a scope is %T", k.ID, v)
		}
		k.Scopes = append(k.Scopes, scope)
	}
	k.Secrets = make(map[string]int64, 2)
	for id, v := range it.Map("secrets") {
		end, ok := v.(int64)
		if !ok {
			return record{}, false, fmt.Errorf("keys: reading key %s: the end of a secret is %T", k.ID, v)
		}
		k.Secrets[id] = end
	}
	return k, true, nil
}

func (k record) state(now time.Time) string {
	switch {
	case k.RevokedAt != 0:
		return Revoked
	case k.ExpiresAt != 0 && now.Unix() >= k.ExpiresAt:
		return Expired
	}
	return Active
}

// current returns the id of the secret that no rotation has replaced.
func (k record) current() string {
	for id, end := range k.Secrets {
		if end == 0 {
			return id
		}
	}
	return ""
}

// overlapping returns the replaced secrets that are still valid, with their expiry.
func (k record) overlapping(now time.Time) map[string]int64 {
	still := map[string]int64{}
	for id, end := range k.Secrets {
		if end > now.Unix() {
			still[id] = end
		}
	}
	return still
}

// view returns the key as clients see it, without its usage.
func (k record) view(plan string, now time.Time) (Key, error) {
	v := Key{ID: k.ID, Name: k.Name, Prefix: k.Prefix, LastFour: k.LastFour, Hash: HashHMAC, Environment: k.Environment,
		Scopes: append([]string{}, k.Scopes...), Plan: plan, State: k.state(now), User: k.Owner,
		CreatedAt: time.Unix(k.CreatedAt, 0).UTC(), ExpiresAt: optionalTime(k.ExpiresAt), RevokedAt: optionalTime(k.RevokedAt)}
	v.RotateRecommended = v.State == Active && now.Unix()-max(k.CreatedAt, k.SecretAt) > int64(rotateAfter/time.Second)
	if k.CreatedBy != "" {
		v.CreatedBy = &k.CreatedBy
	}
	if k.Game != "" {
		v.Game = &k.Game
	}
	if err := api.DecodeExactly([]byte(k.Metadata), &v.Metadata); err != nil {
		return v, fmt.Errorf("keys: reading metadata of key %s: %w", k.ID, err)
	}
	return v, nil
}

func optionalTime(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	at := time.Unix(seconds, 0).UTC()
	return &at
}

// settings are a key's fields in the audit trail.
type settings struct {
	Name        string          `json:"name"`
	Scopes      []string        `json:"scopes"`
	Metadata    json.RawMessage `json:"metadata"`
	User        string          `json:"user"`
	Environment string          `json:"environment"`
	ExpiresAt   *time.Time      `json:"expires_at"`
	RevokedAt   *time.Time      `json:"revoked_at"`
	LastFour    string          `json:"last_four"`
	Game        string          `json:"game,omitempty"`
	// PreviousExpiresAt is when a replaced secret expires.
	PreviousExpiresAt *time.Time `json:"previous_expires_at,omitempty"`
}

func (k record) settings() settings {
	return settings{Name: k.Name, Scopes: k.Scopes, Metadata: json.RawMessage(k.Metadata), User: k.Owner,
		Environment: k.Environment, ExpiresAt: optionalTime(k.ExpiresAt), RevokedAt: optionalTime(k.RevokedAt), LastFour: k.LastFour, Game: k.Game}
}
