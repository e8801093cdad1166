// Package audit stores who did what to which key, organisation or data, when, how they were
// authenticated, and what changed.
//
// The transaction of a change also writes its entry, so there is no change without its
// entry and no entry without its change. A transaction is on one table: changes of keys and
// organisations are recorded in the keys table, and changes of data beside the data.
// [Trail.List] shows both as one trail. Entries never contain a secret or a MAC.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// How an actor was authenticated.
const (
	MethodKey       = "key"
	MethodSession   = "session"   // a console session
	MethodBootstrap = "bootstrap" // a command with the store's credentials, on an empty deployment
	MethodRecovery  = "recovery"  // a command with the store's credentials
	MethodCommand   = "command"   // another operator command with the store's credentials
	MethodDelivery  = "delivery"  // no person: failed deliveries disabled a webhook
)

// Actor made the change; its fields are null for commands that have the store's credentials.
type Actor struct {
	Key       *string `json:"key" doc:"Key id; null if no API key made the change"`
	User      *string `json:"user" doc:"Id of the key's owner; null if no API key made the change"`
	CreatedBy *string `json:"created_by" doc:"Id of the user who created the key; null if no API key made the change, and for keys that were created outside the API"`
	Session   *string `json:"session" doc:"Id of the console session; null if no session made the change. key is then the key that the session began with, or null"`
}

// Entry is one change.
type Entry struct {
	ID        string         `json:"id" doc:"Entry id"`
	At        time.Time      `json:"at" doc:"Time of the change"`
	Actor     Actor          `json:"actor" doc:"Actor who made the change"`
	Method    string         `json:"method" doc:"Authentication of the actor: key for an API key; session for a console session; bootstrap, recovery or command for an operator's access to the database; delivery for the webhook delivery itself"`
	Action    string         `json:"action" doc:"Action: key.create, key.update, key.rotate, key.revoke, key.recover, key.import, key.expire, token.create, session.create, session.end, link.create, org.create, org.update, org.visit, member.add, member.update, member.remove, member.connect, application.create, application.approve, application.withdraw, match.create, match.update, match.delete, replay.create, replay.update, replay.delete, contest.create, contest.move, contest.score, contest.forfeit, contest.agree, contestant.put, webhook.create, webhook.update, webhook.rotate, webhook.delete or webhook.disable"`
	Target    string         `json:"target" doc:"Id of the changed key, organisation, user, application, match, replay, contest, contestant or webhook"`
	Before    map[string]any `json:"before" nullable:"true" doc:"Changed fields before the change; null for a new object"`
	After     map[string]any `json:"after" nullable:"true" doc:"Changed fields after the change; null for a deleted object"`
	RequestID string         `json:"request_id" doc:"Id of the request"`
}

// By says who makes a change, how and when.
type By struct {
	Key, User string // "" without one
	Session   string // id of a console session, or ""
	CreatedBy string // who created the key, "" if it was created outside the API
	Method    string
	RequestID string
	At        time.Time
}

// Caller returns the By of a request.
func Caller(r *api.Request) By {
	if s := r.Caller.Session; s != nil {
		return By{Key: s.Key, User: r.Caller.User, Session: s.ID, Method: MethodSession, RequestID: r.ID, At: r.Now}
	}
	return By{Key: r.Caller.Key, User: r.Caller.User, CreatedBy: r.Caller.CreatedBy, Method: MethodKey, RequestID: r.ID, At: r.Now}
}

// Change is an entry that has no id yet.
type Change struct {
	Org    string
	Action string
	Target string
	Before any // a struct, or nil for something new; only fields that differ are stored
	After  any
}

// record is an entry as it is stored. Before and after are JSON text: metadata may contain
// fractions, which items cannot store.
type record struct {
	ID        string `json:"id"`
	At        int64  `json:"at"` // milliseconds since 1970
	Key       string `json:"key,omitempty"`
	User      string `json:"user,omitempty"`
	CreatedBy string `json:"created_by,omitempty"`
	Session   string `json:"session,omitempty"`
	Method    string `json:"method"`
	Action    string `json:"action"`
	Target    string `json:"target"`
	Before    string `json:"before"`
	After     string `json:"after"`
	RequestID string `json:"request_id"`
}

// Writes returns the writes that record a change in a transaction on the keys table: the
// entry in the organisation's partition, which is also in the indexes of its target and its
// actor's user, and a copy in a partition of the actor's key.
func Writes(source *ids.Source, by By, c Change) ([]table.Write, error) {
	id, err := source.New("", by.At)
	if err != nil {
		return nil, err
	}
	entry, err := encode(id, by, c)
	if err != nil {
		return nil, err
	}
	writes := []table.Write{put(entry, table.Join("AUDIT", c.Org))}
	entry = writes[0].Item
	entry["target_pk"], entry["target_sk"] = targetPartition(c.Org, c.Target), id
	if by.User != "" {
		entry["actor_pk"], entry["actor_sk"] = actorPartition(c.Org, by.User), id
	}
	if by.Key != "" {
		byKey, _ := encode(id, by, c)
		writes = append(writes, put(byKey, actorPartition(c.Org, by.Key)))
	}
	return writes, nil
}

// Note is the entry of one change of data, recorded beside the data. Its id is drawn once
// per call and stays the same over all attempts, so that a call whose answer was lost can
// find out whether its change was made.
type Note struct {
	id string
	by By
}

// NewNote draws the id of an entry.
func NewNote(source *ids.Source, by By) (Note, error) {
	id, err := source.New("", by.At)
	return Note{id, by}, err
}

// Writes returns the writes that record a change in a transaction on the data's table. That
// table has no index for entries, so there is a copy for each way to query them.
func (n Note) Writes(c Change) ([]table.Write, error) {
	partitions := []string{table.Join("AUDIT", c.Org), targetPartition(c.Org, c.Target)}
	for _, actor := range []string{n.by.Key, n.by.User} {
		if actor != "" {
			partitions = append(partitions, actorPartition(c.Org, actor))
		}
	}
	writes := make([]table.Write, len(partitions))
	for i, partition := range partitions {
		entry, err := encode(n.id, n.by, c)
		if err != nil {
			return nil, err
		}
		writes[i] = put(entry, partition)
	}
	return writes, nil
}

// Written reports whether the entry exists, and so whether its change was made. Read the
// change's facts first: an entry that is read before the facts may be missing although the
// facts already show the change.
func (n Note) Written(ctx context.Context, t Reader, org string) (bool, error) {
	found, err := t.BatchGet(ctx, []table.Key{{Partition: table.Join("AUDIT", org), Sort: n.id}}, true)
	if err != nil {
		return false, api.UnavailableError("looking for the audit entry of an earlier attempt", err)
	}
	return len(found) > 0, nil
}

// Reader is the part of a table that Written uses.
type Reader interface {
	BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error)
}

// encode returns an entry as an item without an address.
func encode(id string, by By, c Change) (table.Item, error) {
	before, after, err := difference(c.Before, c.After)
	if err != nil {
		return nil, fmt.Errorf("audit: recording %s: %w", c.Action, err)
	}
	entry, err := table.Encode(record{ID: id, At: by.At.UnixMilli(), Key: by.Key, User: by.User, CreatedBy: by.CreatedBy, Session: by.Session, Method: by.Method,
		Action: c.Action, Target: c.Target, Before: before, After: after, RequestID: by.RequestID})
	if err != nil {
		return nil, fmt.Errorf("audit: recording %s: %w", c.Action, err)
	}
	return entry, nil
}

// put is the write of a new entry in a partition.
func put(entry table.Item, partition string) table.Write {
	entry[table.PartitionAttr], entry[table.SortAttr] = partition, entry.Str("id")
	return table.Put(entry, table.IsNew())
}

func targetPartition(org, target string) string { return table.Join("TARGET", org, target) }

func actorPartition(org, actor string) string { return table.Join("ACTOR", org, actor) }

// difference returns the fields that differ, as JSON; "null" for a nil value.
func difference(before, after any) (string, string, error) {
	was, err := fields(before)
	if err != nil {
		return "", "", err
	}
	is, err := fields(after)
	if err != nil {
		return "", "", err
	}
	if was != nil && is != nil {
		for name, v := range was {
			if w, ok := is[name]; ok && reflect.DeepEqual(v, w) {
				delete(was, name)
				delete(is, name)
			}
		}
	}
	b, err := json.Marshal(was)
	if err != nil {
		return "", "", err
	}
	a, err := json.Marshal(is)
	return string(b), string(a), err
}

func fields(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, api.DecodeExactly(raw, &m)
}

func (rec record) entry() (Entry, error) {
	e := Entry{ID: rec.ID, At: time.UnixMilli(rec.At).UTC(), Method: rec.Method, Action: rec.Action,
		Target: rec.Target, RequestID: rec.RequestID}
	if rec.Key != "" {
		e.Actor.Key = &rec.Key
	}
	if rec.User != "" {
		e.Actor.User = &rec.User
	}
	if rec.Session != "" {
		e.Actor.Session = &rec.Session
	}
	if rec.CreatedBy != "" {
		e.Actor.CreatedBy = &rec.CreatedBy
	}
	if err := api.DecodeExactly([]byte(rec.Before), &e.Before); err != nil {
		return e, fmt.Errorf("audit: reading entry %s: %w", rec.ID, err)
	}
	if err := api.DecodeExactly([]byte(rec.After), &e.After); err != nil {
		return e, fmt.Errorf("audit: reading entry %s: %w", rec.ID, err)
	}
	return e, nil
}
