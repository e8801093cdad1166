package view_test

import (
	"reflect"
	"strings"
	"testing"

	"statgate/shared/api/preset"
	"statgate/shared/api/view"
	"statgate/shared/contract"
	"statgate/shared/stats/matches"
)

func withViews(t testing.TB) *contract.Contract {
	t.Helper()
	c, err := preset.Load("scorelytics")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ptr[T any](v T) *T { return &v }

func match() matches.Match {
	return matches.Match{
		ID: "m_1", League: "en.1", Season: "2015-16", Date: "2015-08-08", KickoffAt: ptr("2015-08-08T14:00:00Z"), Status: matches.Finished,
		Home: matches.Side{ID: "a", Name: "A <b>"}, Away: matches.Side{ID: "b", Name: "B"},
		Score: matches.Score{FullTime: &matches.Goals{Home: 2, Away: 1}}, UpdatedAt: "2015-08-08T16:00:00Z",
	}
}

const shown = `{"id":"m_1","league_id":"en.1","season":"2015/16","home_team":"A \u003cb\u003e","away_team":"B","home_score":2,"away_score":1,"status_code":3,"minute":null,"kickoff_ts":1439042400,"updated_at":"2015-08-08T16:00:00Z","home_logo":null,"away_logo":null}`

func TestViewAppliesToAnObjectAtAnyDepth(t *testing.T) {
	t.Parallel()
	type answer struct {
		Home matches.Side    `json:"home"`
		Data []matches.Match `json:"data"`
		One  *matches.Match  `json:"one"`
		None *matches.Match  `json:"none"`
	}
	s, err := view.New(withViews(t), reflect.TypeFor[*matches.Match](), reflect.TypeFor[[]matches.Match](), reflect.TypeFor[*answer]())
	if err != nil {
		t.Fatal(err)
	}
	m := match()
	for want, v := range map[string]any{
		shown:                   &m,
		"[" + shown + "]":       []matches.Match{m},
		"[]":                    []matches.Match{},
		"null":                  (*matches.Match)(nil),
		`{"id":"a","name":"x"}`: matches.Side{ID: "a", Name: "x"},
		`{"home":{"id":"a","name":"x"},"data":[` + shown + `],"one":` + shown + `,"none":null}`: &answer{Home: matches.Side{ID: "a", Name: "x"}, Data: []matches.Match{m}, One: &m},
	} {
		if got, err := s.Marshal(v); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestUnknownValuesAreNull(t *testing.T) {
	t.Parallel()
	s, err := view.New(withViews(t), reflect.TypeFor[matches.Match]())
	if err != nil {
		t.Fatal(err)
	}
	m := match()
	m.Score.FullTime, m.KickoffAt, m.Status, m.League, m.Season = nil, nil, matches.Postponed, "", ""
	got, err := s.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"home_score":null`, `"kickoff_ts":null`, `"status_code":null`, `"league_id":null`, `"season":null`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestViewWithAnInvalidPathOrFormatIsRefusedByName(t *testing.T) {
	t.Parallel()
	for changed, want := range map[string]string{
		"minute: minutes": `view match: minute: path "minutes": match has no "minutes"`, "minute: id.x": "has no fields", "minute: minute | epoch": "requires text",
		"minute: id | replace a": "the old and the new text", "minute: status | code live": "pairs such as live=2",
	} {
		c := withViews(t)
		name, leaf, _ := strings.Cut(changed, ": ")
		for _, f := range c.Shapes.Views["match"].Fields {
			if f.Name == name {
				path, format, _ := strings.Cut(leaf, " | ")
				*f.Node = contract.Node{Path: path}
				if words := strings.Fields(format); len(words) > 0 {
					f.Node.Format, f.Node.Args = words[0], words[1:]
				}
			}
		}
		if _, err := view.New(c, reflect.TypeFor[matches.Match]()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", changed, err, want)
		}
	}
}

func BenchmarkFiftyMatches(b *testing.B) {
	s, err := view.New(withViews(b), reflect.TypeFor[[]matches.Match]())
	if err != nil {
		b.Fatal(err)
	}
	page := make([]matches.Match, 50)
	for i := range page {
		page[i] = match()
	}
	for b.Loop() {
		if _, err := s.Marshal(page); err != nil {
			b.Fatal(err)
		}
	}
}
