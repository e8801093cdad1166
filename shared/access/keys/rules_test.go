package keys

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/preset"
)

func rulesOf(t *testing.T, name string) rules {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return rules{c, c.Environments[0]}
}

func text(s string) *string { return &s }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC)

func TestEveryProblemOfANewKeyIsNamedByItsField(t *testing.T) {
	t.Parallel()
	ru := rulesOf(t, "statgate")
	good := func() Spec { return Spec{Name: "bot", Scopes: []string{"read:matches"}} }
	big := api.Object{"a": json.RawMessage(`"` + strings.Repeat("x", 1024) + `"`)}
	for _, c := range []struct {
		name  string
		field string // "": accepted
		spec  func(*Spec)
	}{
		{"as it should be", "", func(*Spec) {}},
		{"name of spaces", "name", func(s *Spec) { s.Name = " \t " }},
		{"name with a control character", "name", func(s *Spec) { s.Name = "a\x07b" }},
		{"name of 80 wide characters", "", func(s *Spec) { s.Name = strings.Repeat("ß", 80) }},
		{"name of 81 characters", "name", func(s *Spec) { s.Name = strings.Repeat("x", 81) }},
		{"unknown scope", "scopes", func(s *Spec) { s.Scopes = []string{"read:weather"} }},
		{"no scope where there is no default", "scopes", func(s *Spec) { s.Scopes = nil }},
		{"other environment", "environment", func(s *Spec) { s.Environment = text("test") }},
		{"own environment", "", func(s *Spec) { s.Environment = text("live") }},
		{"both kinds of expiry", "expires_in", func(s *Spec) { s.ExpiresIn, s.ExpiresAt = text("1d"), text("2026-04-01T00:00:00Z") }},
		{"a year", "", func(s *Spec) { s.ExpiresIn = text("1y") }},
		{"more than a year", "expires_in", func(s *Spec) { s.ExpiresIn = text("366d") }},
		{"no time at all", "expires_in", func(s *Spec) { s.ExpiresIn = text("0s") }},
		{"no duration", "expires_in", func(s *Spec) { s.ExpiresIn = text("soon") }},
		{"a moment", "", func(s *Spec) {
			s.ExpiresAt = text("2026-03-01T13:00:01+01:00") // a second from noon
		}},
		{"the past", "expires_at", func(s *Spec) { s.ExpiresAt = text("2026-03-01T11:59:59Z") }},
		{"this very second", "expires_at", func(s *Spec) { s.ExpiresAt = text("2026-03-01T12:00:00.9Z") }},
		{"too far", "expires_at", func(s *Spec) { s.ExpiresAt = text("2027-03-02T00:00:00Z") }},
		{"no moment", "expires_at", func(s *Spec) { s.ExpiresAt = text("2026-03-02") }},
		{"metadata of over 1 KB", "metadata", func(s *Spec) { s.Metadata = big }},
		{"metadata with fractions and nesting", "", func(s *Spec) { s.Metadata = api.Object{"a": json.RawMessage(`{"b":[1.5,null]}`)} }},
	} {
		spec := good()
		c.spec(&spec)
		_, err := ru.fresh(spec, noon)
		var fields []string
		if err != nil {
			for f := range api.ErrorOf(err).Fields {
				fields = append(fields, f)
			}
		}
		if want := slices.DeleteFunc([]string{c.field}, func(s string) bool { return s == "" }); !slices.Equal(fields, want) {
			t.Errorf("%s: got problems with %v (%v), want %v", c.name, fields, err, want)
		}
	}
}

func TestExpiryIsRequiredWhereTheContractSaysSo(t *testing.T) {
	t.Parallel()
	ru := rulesOf(t, "statgate")
	strict := *ru.contract
	strict.Keys.ExpiryRequired = true
	ru.contract = &strict
	if _, err := ru.fresh(Spec{Name: "bot", Scopes: []string{"read:matches"}}, noon); err == nil || len(api.ErrorOf(err).Fields["expires_in"]) != 1 {
		t.Errorf("a key without an expiry: got %v, want expires_in refused", err)
	}
	cleared := Edit{ExpiresAt: api.Nullable[string]{Sent: true, Null: true}}
	if _, err := ru.edited(record{ExpiresAt: noon.Unix() + 60}, cleared, noon); err == nil {
		t.Error("removing the expiry of a key: got no error")
	}
}

func TestLifeIsOneOfTheContractsChoicesOrAnExplicitTime(t *testing.T) {
	t.Parallel()
	ru := rulesOf(t, "statgate")
	choosy := *ru.contract
	choosy.Keys.ExpiryChoices = []string{"30d", "1y"}
	ru.contract = &choosy
	ask := func(in, at *string) []string {
		_, err := ru.fresh(Spec{Name: "bot", Scopes: []string{"read:matches"}, ExpiresIn: in, ExpiresAt: at}, noon)
		if err == nil {
			return nil
		}
		return api.ErrorOf(err).Fields["expires_in"]
	}
	for life, fine := range map[string]bool{"30d": true, "1y": true, "365d": false, "29d": false, "720h": false, "": false, "30d ": false} {
		if got := ask(&life, nil); (got == nil) != fine {
			t.Errorf("%q: got %q, want accepted: %v", life, got, fine)
		}
	}
	if got := ask(text("45d"), nil); len(got) != 1 || !strings.Contains(got[0], "30d, 1y") {
		t.Errorf("got %q, want an error that lists the choices", got)
	}
	if got := ask(nil, text("2026-03-18T09:00:00Z")); got != nil {
		t.Errorf("an explicit time: got %q, want it accepted", got)
	}
	changed := Edit{ExpiresIn: api.Nullable[string]{Sent: true, Value: "45d"}}
	if _, err := ru.edited(record{}, changed, noon); err == nil {
		t.Error("an edit accepted a life that is not one of the choices")
	}
}

func TestLifeIsExactlyWhatWasAskedForFromCreatedAt(t *testing.T) {
	t.Parallel()
	ru := rulesOf(t, "statgate")
	for text, life := range map[string]int64{"1s": 1, "12h": 12 * 3600, "30d": 30 * 86400, "1y": 365 * 86400} {
		k, err := ru.fresh(Spec{Name: "bot", Scopes: []string{"read:matches"}, ExpiresIn: &text}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.ExpiresAt - k.CreatedAt; got != life {
			t.Errorf("%s: got %d seconds, want %d", text, got, life)
		}
	}
}

func TestDuplicateScopesAreDropped(t *testing.T) {
	t.Parallel()
	k, err := rulesOf(t, "statgate").fresh(Spec{Name: " bot ", Scopes: []string{"read:teams", "read:matches", "read:teams"}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"read:teams", "read:matches"}; !slices.Equal(k.Scopes, want) || k.Name != "bot" {
		t.Errorf("got %q %v, want \"bot\" %v", k.Name, k.Scopes, want)
	}
}

func TestEditWithoutAFieldChangesNothing(t *testing.T) {
	t.Parallel()
	before := record{ID: "key_1", Name: "bot", Scopes: []string{"read:teams"}}
	if k, err := rulesOf(t, "statgate").edited(before, Edit{}, noon); err != nil || !unchanged(before, k) {
		t.Errorf("got %v, %v, want the key as it was", k, err)
	}
}

func TestTheContractLimitsTheOverlap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contract, overlap string
		ok                bool
	}{
		{"statgate", "", true}, {"statgate", "0s", true}, {"statgate", "7d", true}, {"statgate", "8d", false},
		{"statgate", "-1s", false}, {"balla", "0s", true}, {"balla", "1s", false},
	} {
		if _, err := rulesOf(t, c.contract).overlap(c.overlap); (err == nil) != c.ok {
			t.Errorf("%s, %q: got %v, want ok %v", c.contract, c.overlap, err, c.ok)
		}
	}
}

func TestReplacedSecretEndsWithTheOverlapOrWithTheKey(t *testing.T) {
	t.Parallel()
	n := newKey{secret: "new"}
	old := record{Secrets: map[string]int64{"old": 0, "older": noon.Unix() + 5}, ExpiresAt: noon.Unix() + 3600}
	for _, c := range []struct {
		overlap time.Duration
		want    int64
	}{
		{0, 0}, {time.Minute, noon.Unix() + 61}, {2 * time.Hour, noon.Unix() + 3600},
	} {
		k, previous := old.rotated(n, c.overlap, noon)
		if previous != c.want || k.Secrets["old"] != c.want {
			t.Errorf("overlap %s: got %d, %v, want %d", c.overlap, previous, k.Secrets, c.want)
		}
		if _, alive := k.Secrets["older"]; alive {
			t.Errorf("overlap %s: the secret replaced before is still listed", c.overlap)
		}
		if len(k.Secrets) != map[bool]int{true: 1, false: 2}[c.want == 0] {
			t.Errorf("overlap %s: got %v", c.overlap, k.Secrets)
		}
	}
}

func TestSpanOfAUsageReportIsAtMost31DaysByHourAnd90ByDay(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	at := func(d time.Duration) *time.Time { v := noon.Add(d); return &v }
	for _, c := range []struct {
		interval string
		from, to *time.Time
		ok       bool
	}{
		{"", nil, nil, true}, {ByHour, at(-30 * day), nil, true}, {ByHour, at(-31 * day), at(0), true}, {ByHour, at(-31*day - 1), at(0), false},
		{ByDay, nil, nil, true}, {ByDay, at(-90 * day), at(0), true}, {ByDay, at(-90*day - 1), at(0), false}, {ByDay, at(-32 * day), nil, true},
		{"", at(day), nil, false}, {ByDay, at(0), at(0), false}, {"", nil, at(-90 * day), true}, {ByDay, nil, at(-400 * day), true},
	} {
		got, err := Period{c.from, c.to, c.interval}.span(noon)
		if (err == nil) != c.ok {
			t.Errorf("%s from %v to %v: got %v, want ok %v", c.interval, c.from, c.to, err, c.ok)
		}
		if usual := map[bool]time.Duration{true: 30 * day, false: day}[c.interval == ByDay]; err == nil && c.from == nil && got.to.Sub(got.from) != usual {
			t.Errorf("%s from %v to %v: got %v", c.interval, c.from, c.to, fmt.Sprint(got))
		}
	}
}

func TestAReportByDayHasAllHoursOfItsFirstAndLastDay(t *testing.T) {
	t.Parallel()
	midnight := noon.Truncate(24 * time.Hour)
	for _, c := range []struct{ from, to, first, end time.Duration }{
		{12 * time.Hour, 36 * time.Hour, 0, 48 * time.Hour},
		{0, 24 * time.Hour, 0, 24 * time.Hour},
		{time.Second, 24*time.Hour + 1, 0, 48 * time.Hour},
	} {
		from, to := span{midnight.Add(c.from), midnight.Add(c.to), ByDay}.whole()
		if !from.Equal(midnight.Add(c.first)) || !to.Equal(midnight.Add(c.end)) {
			t.Errorf("%s to %s: got %s to %s", c.from, c.to, from, to)
		}
	}
}
