package standings

import (
	"cmp"
	"slices"

	"statgate/shared/stats/matches"
)

// covers reports whether a match counts as of the requested round and date.
func covers(asOf AsOf, m *matches.Match, matchday int) bool {
	if asOf.Round != nil && matchday > *asOf.Round {
		return false
	}
	return asOf.Date == nil || m.Date <= *asOf.Date
}

// matchdays returns the matchday of each match, or zeros if no round is requested. A group
// match without a number is one matchday after the latest earlier match of its teams.
func matchdays(league []*matches.Match, asOf AsOf) []int {
	numbers := make([]int, len(league))
	if asOf.Round == nil {
		return numbers
	}
	var unnumbered []int
	for i, m := range league {
		if m.Matchday != nil {
			numbers[i] = *m.Matchday
		} else {
			unnumbered = append(unnumbered, i)
		}
	}
	slices.SortFunc(unnumbered, func(a, b int) int {
		x, y := league[a], league[b]
		return cmp.Or(cmp.Compare(x.Date, y.Date), cmp.Compare(x.Home.ID, y.Home.ID), cmp.Compare(x.Away.ID, y.Away.ID))
	})
	last := map[teamKey]int{}
	for _, i := range unnumbered {
		m := league[i]
		h, a := teamKey{*m.Group, m.Home.ID}, teamKey{*m.Group, m.Away.ID}
		numbers[i] = 1 + max(last[h], last[a])
		last[h], last[a] = numbers[i], numbers[i]
	}
	return numbers
}

// regularStage returns the stage whose matches make the table, apart from the parts of a
// split. It is "" if there are matches without a stage, else the latest stage that has
// begun as of the requested round and date, else the first.
func regularStage(rules Rules, league []*matches.Match, within func(int) bool) string {
	type span struct {
		first string
		begun bool
	}
	stages := map[string]span{}
	for i, m := range league {
		stage := stageOf(m)
		if rules.part(stage) >= 0 {
			continue
		}
		if stage == "" {
			return ""
		}
		s, ok := stages[stage]
		if !ok || m.Date < s.first {
			s.first = m.Date
		}
		if _, _, known := result(m); known && within(i) {
			s.begun = true
		}
		stages[stage] = s
	}
	best := ""
	for name, s := range stages {
		b := stages[best]
		later := cmp.Or(cmp.Compare(s.first, b.first), cmp.Compare(name, best)) > 0
		if best == "" || s.begun && !b.begun || s.begun == b.begun && later == s.begun {
			best = name
		}
	}
	return best
}
