package tools

import (
	"context"
	"slices"
	"strings"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/names"
)

const (
	// maxSeasonMatches bounds the matches of a season that are searched for a round.
	maxSeasonMatches = 1000
	// maxRounds bounds the names of rounds in a hint.
	maxRounds = 12
)

// list returns a page of the list. If no match has the round as its source spells it, the
// page has the matches of a round or group that is spelt much the same, such as semi-final
// for Semi-finals. Without a match, the heading lists the rounds of the season.
func (l *listing) list(ctx context.Context, r matches.Reader) (*matches.Page, error) {
	page, err := r.List(ctx, l.filter, l.page)
	if err != nil || l.filter.Round == "" || len(page.Matches) > 0 {
		return page, err
	}
	season, all := l.filter, l.page
	season.Round, all.Limit = "", maxSeasonMatches
	whole, err := r.List(ctx, season, all)
	if err != nil {
		return nil, err
	}
	var known []string
	sent := roundKey(l.filter.Round)
	for i := range whole.Matches {
		m := &whole.Matches[i]
		for _, name := range []*string{m.Round, m.Group} {
			if name != nil && !slices.Contains(known, short(*name)) {
				known = append(known, short(*name))
			}
			if name != nil && sent != "" && roundKey(*name) == sent {
				page.Matches = append(page.Matches, *m)
				break
			}
		}
	}
	if len(page.Matches) > l.page.Limit {
		page.Matches = page.Matches[:l.page.Limit]
		page.Next, err = matches.Position(&page.Matches[l.page.Limit-1])
	}
	if len(page.Matches) == 0 && len(known) > 0 {
		l.rounds = roundsHint(known)
	}
	return page, err
}

// roundKey returns a spelling of a round without case, accents, punctuation, spaces and
// plurals.
func roundKey(name string) string {
	words := strings.Fields(names.Key(name))
	for i, word := range words {
		words[i] = strings.TrimSuffix(word, "s")
	}
	return strings.Join(words, "")
}

// roundsHint names the rounds of a season.
func roundsHint(known []string) string {
	slices.SortStableFunc(known, func(a, b string) int { return rank(a) - rank(b) })
	more := ""
	if len(known) > maxRounds {
		known, more = known[:maxRounds], " and others"
	}
	return ". Its rounds are: " + strings.Join(known, ", ") + more
}

// rank orders the names of rounds: those with a name of their own, groups, matchdays.
func rank(round string) int {
	switch word, _, _ := strings.Cut(round, " "); word {
	case "Matchday":
		return 2
	case "Group":
		return 1
	}
	return 0
}
