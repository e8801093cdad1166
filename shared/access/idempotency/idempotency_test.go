package idempotency_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type order struct {
	Thing string `json:"thing"`
	Count *int   `json:"count,omitempty"`
}

type made struct {
	ID    string  `json:"id"`
	Share float64 `json:"share"`
}

// tables are the two tables of a deployment.
type tables struct{ keys, stats *tabletest.Faulty }

func open(t *testing.T) tables {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return tables{tabletest.NewFaulty(db.Table(table.Keys.Name)), tabletest.NewFaulty(db.Table(table.Stats.Name))}
}

// onBoth runs a test on each engine.
func onBoth(t *testing.T, run func(t *testing.T, ts tables)) {
	t.Run("embedded", func(t *testing.T) { t.Parallel(); run(t, open(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		all := dynamolocal.Tables(t, table.Keys, table.Stats)
		run(t, tables{tabletest.NewFaulty(all[table.Keys.Name]), tabletest.NewFaulty(all[table.Stats.Name])})
	})
}

func call(token, operation, org, user string, now time.Time) *api.Request {
	return &api.Request{ID: "r", Route: api.Route{Operation: operation}, Now: now, IdempotencyKey: token,
		Caller: &api.Caller{Key: "key_1", Org: org, User: user}}
}

// do does the work in the stats table once: it makes an item of the id and stores the answer.
func do(ctx context.Context, ts tables, r *api.Request, in order, id string) (made, error) {
	token, err := idempotency.Store{Table: ts.stats, Claims: ts.keys}.Of(r, in)
	if err != nil {
		return made{}, err
	}
	return work(ctx, change.Store{Table: ts.stats, IDs: ids.New(rand.Reader), BesideData: true}, r, token, id)
}

// doSecret does the work in the keys table once. Its answer has a secret.
func doSecret(ctx context.Context, ts tables, r *api.Request, in order, id string) (made, error) {
	token, err := idempotency.Store{Table: ts.keys}.Of(r, in)
	if err != nil {
		return made{}, err
	}
	return work(ctx, change.Store{Table: ts.keys, IDs: ids.New(rand.Reader)}, r, token.Secret(idempotency.Key, id), id)
}

func work(ctx context.Context, s change.Store, r *api.Request, token idempotency.Token, id string) (made, error) {
	call := change.Asked(r)
	call.Token = token
	return change.Make(ctx, s, call,
		func(context.Context, int) (string, error) { return id, nil },
		func(id string) (made, change.Plan, error) {
			return made{ID: id, Share: 0.5}, change.Plan{
				Writes:  []table.Write{table.Put(table.Item{table.PartitionAttr: "MADE", table.SortAttr: id}, table.IsNew())},
				Entries: []audit.Change{{Org: r.Caller.Org, Action: "thing.create", Target: id}},
			}, nil
		})
}

// count returns how many things both tables have.
func count(t *testing.T, ts tables) int {
	t.Helper()
	n := 0
	for _, tbl := range []table.Table{ts.keys, ts.stats} {
		page, err := tbl.Query(t.Context(), table.Query{Partition: "MADE", Consistent: true})
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Items)
	}
	return n
}

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

func TestRepeatGetsTheFirstAnswerAndMakesNothing(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	two := 2
	first, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{"cup", &two}, "a")
	if err != nil {
		t.Fatal(err)
	}
	same := 2
	for _, at := range []time.Time{noon, noon.Add(idempotency.Life - time.Second)} {
		again, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", at), order{"cup", &same}, "b")
		if err != nil || again != first {
			t.Errorf("at %s: got %+v (%v), want %+v", at, again, err, first)
		}
	}
	if got := count(t, tbl); got != 1 {
		t.Errorf("got %d things, want 1", got)
	}
}

func TestTokenOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	if _, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a"); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		operation string
		in        order
	}{"another input": {"make", order{Thing: "jug"}}, "another operation": {"break", order{Thing: "cup"}}} {
		if _, err := do(t.Context(), tbl, call("once", r.operation, "org_1", "usr_1", noon), r.in, "b"); condition(err) != api.ConflictRepeat {
			t.Errorf("%s: got %v, want %s", name, err, api.ConflictRepeat)
		}
	}
	if got := count(t, tbl); got != 1 {
		t.Errorf("got %d things, want 1", got)
	}
}

func TestTokenBelongsToItsUserAndEndsAfterADay(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	for i, r := range []*api.Request{
		call("once", "make", "org_1", "usr_1", noon), call("once", "make", "org_1", "usr_2", noon),
		call("once", "make", "org_2", "usr_1", noon), call("once", "make", "org_1", "usr_1", noon.Add(idempotency.Life)),
		call("", "make", "org_1", "usr_1", noon), call("", "make", "org_1", "usr_1", noon),
	} {
		id := string(rune('a' + i))
		got, err := do(t.Context(), tbl, r, order{Thing: id}, id)
		if err != nil || got.ID != id {
			t.Errorf("call %d: got %+v (%v), want a new %s", i, got, err, id)
		}
	}
}

func TestConcurrentRequestsWithOneTokenMakeOneThing(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	answers := make([]made, 32)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			var err error
			if answers[i], err = do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, string(rune('A'+i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, a := range answers {
		if a != answers[0] {
			t.Errorf("call %d: got %+v, another got %+v", i, a, answers[0])
		}
	}
	if got := count(t, tbl); got != 1 {
		t.Errorf("got %d things, want 1", got)
	}
}

func TestLostAnswerIsFoundAgain(t *testing.T) {
	t.Parallel()
	for name, do := range works {
		ts := open(t)
		for _, tbl := range []*tabletest.Faulty{ts.keys, ts.stats} {
			tbl.Next(1, tabletest.Lost, "Transact")
		}
		got, err := do(t.Context(), ts, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a")
		if err != nil || got.ID != "a" || count(t, ts) != 1 {
			t.Errorf("%s: got %+v (%v) and %d things, want a and 1", name, got, err, count(t, ts))
		}
	}
}

// works are the two kinds of work: in the stats table, whose answer is repeated, and in the
// keys table, whose answer has a secret.
var works = map[string]func(context.Context, tables, *api.Request, order, string) (made, error){"stats": do, "keys": doSecret}

func TestStoreThatDoesNotAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, fails := range []struct{ work, table, method string }{
		{"stats", "stats", "Get"}, {"stats", "keys", "Get"}, {"stats", "keys", "Write"}, {"keys", "keys", "Get"},
	} {
		ts := open(t)
		broken := map[string]*tabletest.Faulty{"stats": ts.stats, "keys": ts.keys}[fails.table]
		broken.Always(tabletest.Unavailable, fails.method)
		if _, err := works[fails.work](t.Context(), ts, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a"); condition(err) != api.Unavailable {
			t.Errorf("%v: got %v, want %s", fails, err, api.Unavailable)
		}
		broken.Heal()
		if got := count(t, ts); got != 0 {
			t.Errorf("%v: got %d things, want none", fails, got)
		}
		if got, err := works[fails.work](t.Context(), ts, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "b"); err != nil || got.ID != "b" {
			t.Errorf("%v, repeated on a healed table: got %v (%v), want b", fails, got, err)
		}
	}
}

func TestRepeatOfARequestWithASecretIsRefusedWithTheIDOfWhatWasMade(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ts tables) {
		if _, err := doSecret(t.Context(), ts, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a"); err != nil {
			t.Fatal(err)
		}
		for _, in := range []order{{Thing: "cup"}, {Thing: "jug"}} {
			_, err := doSecret(t.Context(), ts, call("once", "make", "org_1", "usr_1", noon), in, "b")
			if condition(err) != api.ConflictRepeat || fmt.Sprint(api.ErrorOf(err).Details) != "map[key:a]" {
				t.Errorf("%+v: got %v, details %v, want %s with a", in, err, api.ErrorOf(err).Details, api.ConflictRepeat)
			}
		}
		if got := count(t, ts); got != 1 {
			t.Errorf("got %d things, want 1", got)
		}
	})
}

// TestWorkInOneTableUsesTheIdempotencyKeyForTheOther covers both orders.
func TestWorkInOneTableUsesTheIdempotencyKeyForTheOther(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ts tables) {
		for first := range works {
			for second := range works {
				key := first + " " + second
				if _, err := works[first](t.Context(), ts, call(first+second, "make "+first, "org_1", "usr_1", noon), order{Thing: "cup"}, "a "+key); err != nil {
					t.Fatal(err)
				}
				before := len(ts.keys.Calls())
				_, err := works[second](t.Context(), ts, call(first+second, "another "+second, "org_1", "usr_1", noon), order{Thing: "cup"}, "b "+key)
				if condition(err) != api.ConflictRepeat {
					t.Errorf("%s: got %v, want %s", key, err, api.ConflictRepeat)
				}
				for _, c := range ts.keys.Calls()[before:] {
					if c.Method != "Get" {
						t.Errorf("%s: the refused request called %s of the keys table", key, c.Method)
					}
				}
			}
		}
	})
}

// TestAClaimWhoseRequestDiedBlocksOnlyOtherRequestsAndOnlyForADay has a request end between
// its claim and its transaction.
func TestAClaimWhoseRequestDiedBlocksOnlyOtherRequestsAndOnlyForADay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ts tables) {
		die := func(key string) {
			t.Helper()
			ts.stats.Always(tabletest.Unavailable, "Transact")
			_, err := do(t.Context(), ts, call(key, "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "dead "+key)
			ts.stats.Heal()
			if condition(err) != api.Unavailable {
				t.Fatalf("got %v, want %s", err, api.Unavailable)
			}
		}
		die("a")
		later := noon.Add(time.Hour)
		if _, err := doSecret(t.Context(), ts, call("a", "makeSecret", "org_1", "usr_1", later), order{Thing: "cup"}, "x"); condition(err) != api.ConflictRepeat {
			t.Errorf("another operation: got %v, want %s", err, api.ConflictRepeat)
		}
		if _, err := do(t.Context(), ts, call("a", "make", "org_1", "usr_1", later), order{Thing: "jug"}, "x"); condition(err) != api.ConflictRepeat {
			t.Errorf("another input: got %v, want %s", err, api.ConflictRepeat)
		}
		if got, err := do(t.Context(), ts, call("a", "make", "org_1", "usr_1", later), order{Thing: "cup"}, "y"); err != nil || got.ID != "y" {
			t.Errorf("a repeat: got %v (%v), want y", got, err)
		}
		// The repeat's claim is as old as its answer, not as the request that died.
		if _, err := doSecret(t.Context(), ts, call("a", "makeSecret", "org_1", "usr_1", noon.Add(idempotency.Life)), order{Thing: "cup"}, "x"); condition(err) != api.ConflictRepeat {
			t.Errorf("a day after the request that died: got %v, want %s", err, api.ConflictRepeat)
		}
		die("b")
		if got, err := doSecret(t.Context(), ts, call("b", "makeSecret", "org_1", "usr_1", noon.Add(idempotency.Life)), order{Thing: "cup"}, "z"); err != nil || got.ID != "z" {
			t.Errorf("another operation a day later: got %v (%v), want z", got, err)
		}
	})
}

func TestARefusedRequestClaimsNothing(t *testing.T) {
	t.Parallel()
	ts := open(t)
	r := call("once", "make", "org_1", "usr_1", noon)
	token, err := idempotency.Store{Table: ts.stats, Claims: ts.keys}.Of(r, order{Thing: "cup"})
	if err != nil {
		t.Fatal(err)
	}
	asked := change.Asked(r)
	asked.Token = token
	_, err = change.Make(t.Context(), change.Store{Table: ts.stats, IDs: ids.New(rand.Reader), BesideData: true}, asked,
		func(context.Context, int) (string, error) { return "", nil },
		func(string) (made, change.Plan, error) { return made{}, change.Plan{}, api.FieldError("thing", "no") })
	if condition(err) != api.InputField {
		t.Fatalf("got %v, want %s", err, api.InputField)
	}
	if got, err := do(t.Context(), ts, call("once", "make", "org_1", "usr_1", noon), order{Thing: "jug"}, "a"); err != nil || got.ID != "a" {
		t.Errorf("the corrected request: got %v (%v), want a", got, err)
	}
}

func TestConcurrentRequestsOfBothTablesWithOneIdempotencyKeyDoOneWork(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ts tables) {
		for round := range 5 {
			key := fmt.Sprint("once", round)
			before := count(t, ts)
			var group sync.WaitGroup
			var done [2]atomic.Int64
			for i := range 12 {
				group.Go(func() {
					id := fmt.Sprint(key, "-", i)
					_, err := []func(context.Context, tables, *api.Request, order, string) (made, error){do, doSecret}[i%2](context.Background(), ts,
						call(key, fmt.Sprint("make", i%2), "org_1", "usr_1", noon), order{Thing: "cup"}, id)
					switch condition(err) {
					case "":
						done[i%2].Add(1)
					case api.ConflictRepeat:
					default:
						t.Error(err)
					}
				})
			}
			group.Wait()
			if made := count(t, ts) - before; made != 1 || (done[0].Load() == 0) == (done[1].Load() == 0) || done[1].Load() > 1 {
				t.Errorf("round %d: %d things, %d answers of one operation and %d of the other, want 1 thing and answers of one", round, made, done[0].Load(), done[1].Load())
			}
		}
	})
}

func TestItemsOfEarlierReleasesAreRead(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ts tables) {
		at := table.Item{table.PartitionAttr: "IDEMPOTENCY#org_1#usr_1", table.TTLAttr: noon.Unix() + 1}
		store := func(tbl table.Table, key string, attrs table.Item) {
			t.Helper()
			it := maps.Clone(at)
			maps.Copy(it, attrs)
			it[table.SortAttr] = key
			if _, err := tbl.Write(t.Context(), table.Put(it)); err != nil {
				t.Fatal(err)
			}
		}
		asked := func(operation, input string) string {
			sum := sha256.Sum256([]byte(operation + "\n" + input))
			return hex.EncodeToString(sum[:])
		}
		store(ts.keys, "key", table.Item{"operation": "make", "key": "old"})
		store(ts.keys, "answer", table.Item{"asked": asked("makeHook", `{"thing":"cup"}`), "answer": `{"id":"hook"}`})
		store(ts.stats, "data", table.Item{"asked": asked("make", `{"thing":"cup"}`), "answer": `{"id":"old","share":0.5}`})
		for _, c := range []struct {
			key, work, operation, details, id string
		}{
			{"key", "keys", "make", "map[key:old]", ""}, {"key", "keys", "another", "map[key:old]", ""}, {"key", "stats", "another", "map[key:old]", ""},
			{"answer", "keys", "makeHook", "map[webhook:hook]", ""}, {"answer", "keys", "another", "<nil>", ""}, {"answer", "stats", "another", "<nil>", ""},
			{"data", "stats", "make", "", "old"}, {"data", "stats", "another", "<nil>", ""},
		} {
			got, err := works[c.work](t.Context(), ts, call(c.key, c.operation, "org_1", "usr_1", noon), order{Thing: "cup"}, "new")
			if c.id != "" {
				if err != nil || got.ID != c.id {
					t.Errorf("%+v: got %v (%v)", c, got, err)
				}
				continue
			}
			if condition(err) != api.ConflictRepeat || fmt.Sprint(api.ErrorOf(err).Details) != c.details {
				t.Errorf("%+v: got %v, details %v", c, err, api.ErrorOf(err).Details)
			}
		}
		if got := count(t, ts); got != 0 {
			t.Errorf("got %d things, want none", got)
		}
	})
}

func TestTokenIsVisibleASCII(t *testing.T) {
	t.Parallel()
	for text, fine := range map[string]bool{
		"": true, "5b0c7c1e-3f0a-4a55-9a52-0d3a7f0c1f11": true, "~!#": true, strings.Repeat("a", 255): true,
		"a b": false, "é": false, "a\n": false, "\x7f": false, strings.Repeat("a", 256): false,
	} {
		_, err := idempotency.Store{}.Of(call(text, "make", "org_1", "usr_1", noon), nil)
		var e *api.Error
		if (err == nil) != fine || err != nil && (!errors.As(err, &e) || e.Condition != api.InputParameter) {
			t.Errorf("%q: got %v, want accepted: %v", text, err, fine)
		}
	}
}
