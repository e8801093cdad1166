package matches

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"statgate/shared/table"
)

// Record is a stored match with the spellings that its source used for the teams. When
// later clubs files unite or split teams, the spellings decide which teams played.
type Record struct {
	Match
	HomeAs, AwayAs string
}

// sortString returns a sort key that orders matches by kick-off, then by id. A match
// without a known time sorts at the last second of its local day. Known times are whole
// minutes, so it follows the other matches of its league on that day and precedes those
// of the next day. The id makes the key unique.
func sortString(m *Match) (string, error) {
	at, err := sortInstant(m)
	return at.UTC().Format("2006-01-02T15:04:05Z") + "#" + m.ID, err
}

// sortInstant fails only if the league's time zone cannot be loaded.
func sortInstant(m *Match) (time.Time, error) {
	if m.KickoffAt != nil {
		if t, err := time.Parse(time.RFC3339, *m.KickoffAt); err == nil {
			return t, nil
		}
	}
	zone, err := zoneOf(string(m.League))
	if err != nil {
		return time.Time{}, fmt.Errorf("matches: ordering %s: %w", m.ID, err)
	}
	day, err := time.ParseInLocation(time.DateOnly, m.Date, zone)
	if err != nil {
		return time.Time{}, nil
	}
	return day.AddDate(0, 0, 1).Add(-time.Second), nil
}

// pairKey returns the partition of all meetings of two teams, with either team at home.
func pairKey(owner, a, b string) string {
	if b < a {
		a, b = b, a
	}
	return table.Join(owner, a, b)
}

func matchKey(id string) table.Key {
	return table.Key{Partition: table.Join("MATCH", id), Sort: "MATCH"}
}

// item builds the attributes by hand, because encoding through JSON takes ten times as
// long and both imports and pages depend on it. A test compares it with table.Encode.
func (r *Record) item() (table.Item, error) {
	m := &r.Match
	sk, err := sortString(m)
	if err != nil {
		return nil, err
	}
	it := table.Item{
		table.PartitionAttr: table.Join("MATCH", m.ID), table.SortAttr: "MATCH",
		"id": m.ID, "league": refOrNil(m.League), "season": refOrNil(m.Season),
		"stage": strOrNil(m.Stage), "group": strOrNil(m.Group), "matchday": intOrNil(m.Matchday), "round": strOrNil(m.Round),
		"date": m.Date, "time": strOrNil(m.Time), "kickoff_at": strOrNil(m.KickoffAt),
		"status": string(m.Status), "minute": intOrNil(m.Minute),
		"home":  map[string]any{"id": m.Home.ID, "name": m.Home.Name},
		"away":  map[string]any{"id": m.Away.ID, "name": m.Away.Name},
		"score": m.Score.attr(),
		"owner": m.Owner, "version": m.Version, "updated_at": m.UpdatedAt,
		"home_as": r.HomeAs, "away_as": r.AwayAs,

		"kickoff_pk": m.Owner, "kickoff_sk": sk,
		"status_pk": table.Join(m.Owner, string(m.Status)), "status_sk": sk,
		"home_pk": table.Join(m.Owner, m.Home.ID), "home_sk": sk,
		"away_pk": table.Join(m.Owner, m.Away.ID), "away_sk": sk,
		"pair_pk": pairKey(m.Owner, m.Home.ID, m.Away.ID), "pair_sk": sk,
	}
	if m.League != "" {
		it["league_pk"], it["league_sk"] = table.Join(m.Owner, string(m.League)), sk
	}
	if m.Season != "" {
		it["season_pk"], it["season_sk"] = table.Join(m.Owner, string(m.League), string(m.Season)), sk
	}
	return it, nil
}

// ReplacedBy returns the id of the match that an alias points to. It returns "" for any other
// item.
func ReplacedBy(it table.Item) string { return it.Str("alias_of") }

// FromItem returns the match of an item. It returns nil for a nil item and for an alias:
// the former id of a match that was found to be another one.
func FromItem(it table.Item) *Match {
	if it == nil || it.Str("alias_of") != "" {
		return nil
	}
	return &recordOf(it).Match
}

// Over reports whether the match's kick-off is before a time. If the kick-off is unknown,
// the match's day must have ended everywhere on earth, so no time zone is needed.
func (m *Match) Over(before time.Time) bool {
	at, err := time.Parse(time.RFC3339, deref(m.KickoffAt))
	if err != nil {
		day, _ := time.Parse(time.DateOnly, m.Date) // zero for a day that does not exist
		at = day.AddDate(0, 0, 1).Add(12 * time.Hour)
	}
	return at.Before(before)
}

func recordOf(it table.Item) *Record {
	home, away, score := it.Map("home"), it.Map("away"), it.Map("score")
	return &Record{
		HomeAs: it.Str("home_as"), AwayAs: it.Str("away_as"),
		Match: Match{
			ID: it.Str("id"), League: Ref(it.Str("league")), Season: Ref(it.Str("season")),
			Stage: strPtr(it["stage"]), Group: strPtr(it["group"]), Matchday: intPtr(it["matchday"]), Round: strPtr(it["round"]),
			Date: it.Str("date"), Time: strPtr(it["time"]), KickoffAt: strPtr(it["kickoff_at"]),
			Status: Status(it.Str("status")), Minute: intPtr(it["minute"]),
			Home: sideOf(home), Away: sideOf(away),
			Score: Score{
				HalfTime: goalsOf(score["half_time"]), FullTime: goalsOf(score["full_time"]),
				ExtraTime: goalsOf(score["extra_time"]), Penalties: goalsOf(score["penalties"]),
				Winner: strPtr(score["winner"]),
			},
			Owner: it.Str("owner"), Version: it.Int("version"), UpdatedAt: it.Str("updated_at"),
		},
	}
}

func (s Score) attr() map[string]any {
	return map[string]any{
		"half_time": s.HalfTime.attr(), "full_time": s.FullTime.attr(), "extra_time": s.ExtraTime.attr(),
		"penalties": s.Penalties.attr(), "winner": strOrNil(s.Winner),
	}
}

func (g *Goals) attr() any {
	if g == nil {
		return nil
	}
	return map[string]any{"home": int64(g.Home), "away": int64(g.Away)}
}

func goalsOf(v any) *Goals {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	home, _ := m["home"].(int64)
	away, _ := m["away"].(int64)
	return &Goals{int(home), int(away)}
}

func sideOf(m map[string]any) Side {
	id, _ := m["id"].(string)
	name, _ := m["name"].(string)
	return Side{ID: id, Name: name}
}

// Winner returns the side that won: on penalties, else after extra time, else after
// 90 minutes. It returns nil before the end and for statuses without a result.
func Winner(status Status, s Score) *string {
	if status != Finished && status != Awarded {
		return nil
	}
	for _, g := range []*Goals{s.Penalties, s.ExtraTime, s.FullTime} {
		if g == nil {
			continue
		}
		side := "draw"
		if g.Home > g.Away {
			side = "home"
		} else if g.Away > g.Home {
			side = "away"
		}
		return &side
	}
	return nil
}

// Known reports whether s is one of [Statuses].
func (s Status) Known() bool {
	for _, known := range Statuses {
		if s == known {
			return true
		}
	}
	return false
}

// played reports whether the match has begun and its result counts or may still count.
func (s Status) played() bool { return s == Finished || s == Awarded || s == Live }

// roundMatches reports whether a match is in a round, given verbatim or as the number of
// its matchday.
func roundMatches(m *Match, round string) bool {
	if m.Round != nil && *m.Round == round {
		return true
	}
	return m.Matchday != nil && strconv.Itoa(*m.Matchday) == strings.TrimSpace(round)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func strOrNil(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func refOrNil(r Ref) any {
	if r == "" {
		return nil
	}
	return string(r)
}

func intOrNil(n *int) any {
	if n == nil {
		return nil
	}
	return int64(*n)
}

func strPtr(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return nil
}

func intPtr(v any) *int {
	if n, ok := v.(int64); ok {
		i := int(n)
		return &i
	}
	return nil
}
