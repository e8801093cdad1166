package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statgate/scripts/internal/measured"
)

var root = filepath.Join("..", "..")

func TestCostPageIsWhatTheProgramPrints(t *testing.T) {
	t.Parallel()
	want, err := page(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "docs", "cost.md"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/cost.md is stale (%v): run go run ./scripts/cost --write", err)
	}
}

func TestEveryPriceIsCompleteAndHasASource(t *testing.T) {
	t.Parallel()
	p, err := loadPrices()
	if err != nil {
		t.Fatal(err)
	}
	if p.Region == "" || p.AsOf == "" {
		t.Error("the prices have no region or no date")
	}
	for name, one := range p.Prices {
		if one.USD <= 0 || one.Per <= 0 || one.Unit == "" || !strings.HasPrefix(one.Source, "https://aws.amazon.com/") {
			t.Errorf("%s: %+v is incomplete", name, one)
		}
	}
	if got, want := p.Dollars("write_unit", 2e6), 1.25; math.Abs(got-want) > 1e-9 {
		t.Errorf("two million write units: got %g, want %g", got, want)
	}
	if got := p.afterFree("alarm_month", 4); got != 0 {
		t.Errorf("four alarms of an account without others: got %g, want 0", got)
	}
}

// pricedOnly returns costs in which only one thing has a price: a dollar.
func pricedOnly(t *testing.T, name string) costs {
	t.Helper()
	c, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	for of, p := range c.Prices {
		p.USD, p.Per = 0, 1
		if of == name {
			p.USD = 1
		}
		c.Prices[of] = p
	}
	return c
}

func TestDeliveriesPayForEachRequestRunAndUnit(t *testing.T) {
	t.Parallel()
	d := measured.Delivery{Stored: measured.Units{Write: 1}, Begun: measured.Units{Write: 1, Read: 1}, Finished: measured.Units{Write: 1},
		Failed: measured.Units{Write: 17, Read: 8}}
	for name, want := range map[string]struct{ delivered, batched, failed float64 }{
		"queue_request":  {3, 0.3, 246},     // each of 82 messages: sent, received, deleted
		"queue_group":    {3, 0.3, 246},     // the same
		"lambda_request": {2, 0.11, 83},     // fanout and deliver, 74 times too early
		"write_unit":     {3, 3, 17},        // the measured units
		"read_unit":      {1.5, 1.005, 8.5}, // and the read of the webhooks
	} {
		c := pricedOnly(t, name)
		c.Webhooks = measured.Webhooks{List: measured.Units{Read: 0.5}, Attempts: 8, Messages: 82, KeptDays: 15}
		for how, tt := range map[string]struct {
			items items
			want  float64
		}{
			"delivered": {c.Delivered(d, false), want.delivered}, "delivered in a batch": {c.Delivered(d, true), want.batched},
			"failed": {c.Failed(d, "deliver_ms", false), want.failed},
		} {
			if got := tt.items.Total() / million; math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("%s, %s: got %g each, want %g", name, how, got, tt.want)
			}
		}
	}
}

func TestAChangeInTheFeedPaysForItsWriteAndItsShareOfARun(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{"write_unit": 1, "read_unit": 0, "lambda_request": 0.01, "table_gb_month": 320 / 1e9} {
		c := pricedOnly(t, name)
		c.Feed = measured.Feed{Appended: measured.Units{Write: 1}}
		if got := c.Appended().Total() / million; math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: got %g a change, want %g", name, got, want)
		}
	}
}

func TestAReplayPaysForEachStepAndItsChanges(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{"write_unit": 2 + 18 + 3, "read_unit": 1 + 9, "queue_request": 9, "queue_group": 9, "lambda_request": 3 + 0.03} {
		c := pricedOnly(t, name)
		c.Feed = measured.Feed{Appended: measured.Units{Write: 1}}
		c.Replay = measured.Replay{Created: measured.Units{Write: 2, Read: 1}, Steps: 3, Events: 2, Played: measured.Units{Write: 18, Read: 9}}
		if got := c.Replayed().Total() / million; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: got %g a replay, want %g", name, got, want)
		}
	}
}

func TestAnHourOfASessionPaysForEachStep(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{
		"api_request":    16,          // a sign-in, 14 renewals, a sign-out
		"lambda_request": 31,          // and 15 runs of the authorizer
		"write_unit":     10 + 28 + 5, // the measured units
		"read_unit":      3 + 15*5 + 14*4 + 2,
	} {
		c := pricedOnly(t, name)
		c.Sessions = measured.Sessions{Started: measured.Units{Write: 10, Read: 3}, Authorised: measured.Units{Read: 5}, Renewed: measured.Units{Write: 2, Read: 4}, Ended: measured.Units{Write: 5, Read: 2}}
		if got := c.SessionHour().Total() / million; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: got %g an hour, want %g", name, got, want)
		}
	}
}

func TestImportOfAnArchiveMakesNoDelivery(t *testing.T) {
	t.Parallel()
	c, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	all := c.News(1000)
	if all[0].Deliveries != 0 || all[1].Deliveries != 1000 || all[2].Deliveries <= 1000 {
		t.Errorf("got the deliveries %v, want none, one a match, and more", all)
	}
	if all[0].Dollars <= 0 || all[1].Dollars <= all[0].Dollars || all[2].Dollars <= all[1].Dollars {
		t.Errorf("got the dollars %v, want each more than the one before", all)
	}
}
