package standings

import (
	"cmp"
	"slices"

	"statgate/shared/stats/matches"
)

// covers tells whether a match lies within the moment that is asked about.
func covers(asOf AsOf, m *matches.Match, matchday int) bool {
	if asOf.Round != nil && matchday > *asOf.Round {
		return false
	}
	return asOf.Date == nil || m.Date <= *asOf.Date
}

// matchdays numbers the matches, where a round is asked for at all. A match of a
// group without a number comes one after the latest earlier match of its teams.
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

// regularStage is the stage whose matches are the table, beside the parts of a
// split: none where there are matches without a stage, else the latest that has
// begun within the moment asked about, else the first.
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
