package keys_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/keys/keystest"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// objects returns a list of an answer.
func objects(answer map[string]any, name string) []map[string]any {
	list, _ := answer[name].([]any)
	all := make([]map[string]any, len(list))
	for i, one := range list {
		all[i], _ = one.(map[string]any)
	}
	return all
}

// counts returns the rows of a usage report by start and operation.
func counts(report map[string]any) map[string]float64 {
	rows := map[string]float64{}
	for _, row := range objects(report, "data") {
		n, _ := row["count"].(float64)
		rows[text(row, "start")+" "+text(row, "operation")] += n
	}
	return rows
}

// busy makes requests with four keys over fifty hours.
func (c *scenario) busy() {
	for hour := range 50 {
		for range hour%3 + 1 {
			c.member.does("getSelf", nil)
		}
		if hour%7 == 0 {
			c.admin.does("listKeys", nil)
			c.owner.does("getOrg", input{"org": c.org})
		}
		c.Pass(time.Hour)
	}
}

func TestUsageOfAnOrganisationIsTheSumOfItsKeys(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.busy()
	c.owner.does("revokeKey", input{"key": c.memberKey}) // its requests stay
	from := c.Now().Add(-72 * time.Hour).Format(time.RFC3339)
	for _, interval := range []string{"hour", "day"} {
		rep := c.operator.does("getOrgUsage", input{"org": c.org, "interval": interval, "from": from})
		sums, total := map[string]float64{}, 0.0
		for _, row := range objects(rep, "keys") {
			own := c.operator.does("getKeyUsage", input{"key": text(row, "key"), "interval": interval, "from": from})
			merge(sums, counts(own))
			sent, _ := own["total"].(float64)
			total += sent
			byOperation := 0.0
			for _, o := range objects(row, "operations") {
				n, _ := o["count"].(float64)
				byOperation += n
			}
			shown := c.operator.does("getKey", input{"key": text(row, "key")})
			if row["total"] != sent || byOperation != sent || !reflect.DeepEqual(row["window"], shown["usage"].(map[string]any)["window"]) {
				t.Errorf("%s: got %v, want what the key has: %v and %v", interval, row, own["total"], shown["usage"])
			}
			for _, field := range []string{"name", "prefix", "last_four", "user", "state", "last_used_at"} {
				if !reflect.DeepEqual(row[field], shown[field]) {
					t.Errorf("%s: got %s %v, want %v", interval, field, row[field], shown[field])
				}
			}
		}
		if got := counts(rep); !maps.Equal(got, sums) || rep["total"] != total || rep["running_total"] != total || rep["next_cursor"] != nil {
			t.Errorf("%s: got %v with total %v, want %v with %v", interval, got, rep["total"], sums, total)
		}
		if len(objects(rep, "keys")) != 3 || total < 100 {
			t.Errorf("%s: %d keys with %v requests: so this test proves little", interval, len(objects(rep, "keys")), total)
		}
	}
}

// merge adds counts to sums.
func merge(sums, more map[string]float64) {
	for name, n := range more {
		sums[name] += n
	}
}

func TestDaysOfAReportAreTheSumsOfTheirHours(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.busy()
	from := c.Now().Add(-60 * time.Hour).Truncate(24 * time.Hour).Format(time.RFC3339)
	sums := map[string]float64{}
	hours := c.owner.does("getKeyUsage", input{"key": c.memberKey, "from": from})
	for _, row := range objects(hours, "data") {
		n, _ := row["count"].(float64)
		sums[text(row, "hour")[:len("2026-03-01")]+"T00:00:00Z "+text(row, "operation")] += n
	}
	days := c.owner.does("getKeyUsage", input{"key": c.memberKey, "from": from, "interval": "day"})
	if got := counts(days); !maps.Equal(got, sums) || days["total"] != hours["total"] || len(got) < 3 || days["interval"] != "day" {
		t.Errorf("got %v, want %v", got, sums)
	}
	for _, row := range objects(days, "data") {
		if row["hour"] != nil {
			t.Errorf("got %v, want no hour", row)
		}
	}
	c.owner.fails(api.InputDate, "getKeyUsage", input{"key": c.memberKey, "interval": "day", "from": "2025-11-01T00:00:00Z"})
	c.owner.fails(api.InputDate, "getOrgUsage", input{"org": c.org, "interval": "day", "from": "2025-11-01T00:00:00Z"})
	c.owner.fails(api.InputParameter, "getOrgUsage", input{"org": c.org, "interval": "week"})
}

// TestPagesOfAnOrganisationsUsageAddUp reads one key a page while time passes.
func TestPagesOfAnOrganisationsUsageAddUp(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.busy()
	whole := c.operator.does("getOrgUsage", input{"org": c.org, "interval": "day"})
	sums, total := map[string]float64{}, 0.0
	var keys []map[string]any
	in, first := input{"org": c.org, "interval": "day", "limit": "1"}, map[string]any(nil)
	for {
		page := c.operator.does("getOrgUsage", in)
		if first == nil {
			first = page
		}
		merge(sums, counts(page))
		keys = append(keys, objects(page, "keys")...)
		n, _ := page["total"].(float64)
		if total += n; page["running_total"] != total || page["from"] != first["from"] || page["to"] != first["to"] || len(objects(page, "keys")) != 1 {
			t.Errorf("got %v, want the running total %v and the period of the first page", page, total)
		}
		if page["next_cursor"] == nil {
			break
		}
		in["cursor"] = page["next_cursor"]
		c.Pass(time.Minute)
	}
	if total != whole["total"] || !maps.Equal(sums, counts(whole)) || !reflect.DeepEqual(keys, objects(whole, "keys")) || len(keys) != 3 {
		t.Errorf("got %v, %v and %v, want %v and %v", total, sums, keys, whole["total"], whole["keys"])
	}
	for _, other := range []input{{"org": c.strangers, "interval": "day"}, {"org": c.org}, {"org": c.org, "interval": "day", "from": "2026-02-20T00:00:00Z"}} {
		other["cursor"] = in["cursor"]
		c.operator.fails(api.InputCursor, "getOrgUsage", other)
	}
	c.operator.fails(api.InputCursor, "getOrgUsage", input{"org": c.org, "cursor": "bm90IHNpZ25lZA"})
	for _, limit := range []string{"0", "101", "many"} {
		if _, err := c.operator.try("getOrgUsage", input{"org": c.org, "limit": limit}); err == nil {
			t.Errorf("limit %v is accepted", limit)
		}
	}
}

func TestMembersSeeTheUsageOfTheirOwnKeysOnly(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.owner.does("createKey", input{"name": "another", "user": c.memberUser, "scopes": []string{"read:matches"}})
	c.busy()
	rep, err := c.ofMember("getOrgUsage", input{"org": c.org, "interval": "day"})
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for _, k := range objects(rep, "keys") {
		users = append(users, text(k, "user"))
	}
	if want := []string{c.memberUser, c.memberUser}; !slices.Equal(users, want) {
		t.Errorf("got the keys of %v, want those of %v", users, want)
	}
	for row := range counts(rep) {
		if strings.HasSuffix(row, "listKeys") || strings.HasSuffix(row, "getOrg") {
			t.Errorf("the sums have %s, which only other members' keys called", row)
		}
	}
	if len(counts(rep)) == 0 {
		t.Error("there are no counts: so this test proves little")
	}
	c.member.fails(api.Permission, "getOrgUsage", input{"org": c.org})
	if _, err := c.ofMember("getOrgUsage", input{"org": c.strangers}); keystest.Condition(err) != api.NotFound {
		t.Errorf("another organisation: got %v, want not found", err)
	}
}

// ofMember calls a handler for the member, past the gate: no key of a member has the permission.
func (c *scenario) ofMember(operation string, in input) (map[string]any, error) {
	r, op := c.Request(c.member.cached), c.calls[operation]
	r.Route = op.route
	return c.invoke(r, op, in)
}

// reads counts the reads of a table.
type reads struct {
	table.Table
	queries, batches, gets atomic.Int64
}

func (r *reads) Query(ctx context.Context, q table.Query) (table.Page, error) {
	r.queries.Add(1)
	return r.Table.Query(ctx, q)
}

func (r *reads) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	r.batches.Add(1)
	return r.Table.BatchGet(ctx, keys, consistent)
}

func (r *reads) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	r.gets.Add(1)
	return r.Table.Get(ctx, key, consistent)
}

// TestAPageOfAnOrganisationsUsageReadsOncePerKey has more keys than the page.
func TestAPageOfAnOrganisationsUsageReadsOncePerKey(t *testing.T) {
	t.Parallel()
	counting := &reads{Table: keystest.Memory(t)}
	c := newScenario(t, counting)
	for i := range 9 {
		c.owner.does("createKey", input{"name": fmt.Sprint("k", i), "scopes": []string{"read:teams"}})
	}
	r := c.Request(c.owner.cached)
	op := c.calls["getOrgUsage"]
	r.Route, r.Meter = op.route, api.Meter{Budget: contract.Requests}
	for _, limit := range []int64{1, 10} {
		counting.queries.Store(0)
		counting.batches.Store(0)
		counting.gets.Store(0)
		got, err := c.invoke(r, op, input{"org": c.org, "limit": fmt.Sprint(limit), "interval": "day"})
		if err != nil || len(objects(got, "keys")) != int(limit) {
			t.Fatalf("limit %d: got %v, %v", limit, got, err)
		}
		if q, b, g := counting.queries.Load(), counting.batches.Load(), counting.gets.Load(); q != 1+limit || b != 1 || g != 1 {
			t.Errorf("limit %d: %d queries, %d batches and %d reads, want %d, 1 and 1", limit, q, b, g, 1+limit)
		}
	}
}
