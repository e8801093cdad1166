package standings

import (
	"cmp"
	"slices"
	"strings"
)

// order sorts the listed teams by group, part of the split, rank and tie-breaks.
func (t *table) order() {
	slices.SortFunc(t.listed, func(a, b int) int {
		x, y := &t.records[a], &t.records[b]
		return cmp.Or(cmp.Compare(x.row.Team.Name, y.row.Team.Name), cmp.Compare(x.row.Team.ID, y.row.Team.ID))
	})
	t.divide(t.listed, func(a, b int) int {
		x, y := &t.records[a], &t.records[b]
		return cmp.Or(natural(groupOf(x), groupOf(y)), cmp.Compare(x.part, y.part))
	}, func(group []int) {
		t.divide(group, t.rank, func(level []int) { t.settle(level, 0) })
	})
}

// divide sorts teams stably and calls handle for every run of equal teams.
func (t *table) divide(teams []int, compare func(a, b int) int, handle func(level []int)) {
	slices.SortStableFunc(teams, compare)
	for from := 0; from < len(teams); {
		to := from + 1
		for to < len(teams) && compare(teams[from], teams[to]) == 0 {
			to++
		}
		if to-from > 1 || len(teams) == 1 {
			handle(teams[from:to])
		}
		from = to
	}
}

// rank compares by points, or by points per game. It compares exact fractions, because
// rounding could make different figures equal.
func (t *table) rank(a, b int) int {
	x, y := &t.records[a].row, &t.records[b].row
	if t.rules.Ranking == rankPointsPerGame {
		return cmp.Compare(y.Points*max(1, x.Played), x.Points*max(1, y.Played))
	}
	return cmp.Compare(y.Points, x.Points)
}

// settle orders level teams by the tie-breaks, starting with the given one.
func (t *table) settle(level []int, at int) {
	if len(level) < 2 || at == len(t.rules.TieBreaks) {
		return
	}
	tie := t.rules.TieBreaks[at]
	if tie == headToHead {
		t.duel(level, at)
		return
	}
	t.divide(level, func(a, b int) int {
		return cmp.Compare(tie.of(&t.records[b]), tie.of(&t.records[a]))
	}, func(still []int) { t.settle(still, at+1) })
}

// duel orders level teams by the table of their own matches. Teams that are level in that
// table get a table of their own matches, until a table separates no team.
func (t *table) duel(level []int, at int) {
	h := t.rules.HeadToHead
	if len(level) < 2 {
		return
	}
	if h.TwoOnly && len(level) > 2 || h.InFull && !t.metInFull(level) {
		t.settle(level, at+1)
		return
	}
	mini := t.among(level)
	compare := func(a, b int) int {
		x, y := &mini[a], &mini[b]
		for _, by := range h.By {
			if c := cmp.Compare(by.of(y), by.of(x)); c != 0 {
				return c
			}
		}
		return 0
	}
	size := len(level)
	t.divide(level, compare, func(still []int) {
		if len(still) == size {
			t.settle(still, at+1)
		} else {
			t.duel(still, at)
		}
	})
}

// among adds up the counted matches between teams.
func (t *table) among(teams []int) []record {
	mini := table{rules: t.rules, records: make([]record, len(t.records))}
	in := t.members(teams)
	for i := range t.fixtures {
		if f := &t.fixtures[i]; f.state == counted && in[f.home] && in[f.away] {
			mini.count(f)
		}
	}
	for i := range mini.records {
		mini.records[i].row.Points = mini.records[i].regular + mini.records[i].extra
	}
	return mini.records
}

// metInFull reports whether every two of the teams have played all their matches
// against each other. A season that is listed in part does not count as full.
func (t *table) metInFull(teams []int) bool {
	in := t.members(teams)
	type meetings struct{ played, expected, listed int }
	pairs := map[[2]int]meetings{}
	for i := range t.fixtures {
		f := &t.fixtures[i]
		if !in[f.home] || !in[f.away] {
			continue
		}
		k := [2]int{min(f.home, f.away), max(f.home, f.away)}
		m := pairs[k]
		m.listed++
		switch f.state {
		case counted:
			m.played++
			m.expected++
		case open:
			m.expected++
		}
		pairs[k] = m
	}
	for _, m := range pairs {
		if m.played == 0 || m.played < m.expected || m.listed < t.rules.HeadToHead.Legs {
			return false
		}
	}
	return len(pairs) == len(teams)*(len(teams)-1)/2
}

func (t *table) members(teams []int) []bool {
	in := make([]bool, len(t.records))
	for _, i := range teams {
		in[i] = true
	}
	return in
}

// natural compares names with numbers in them: Group 2 comes before Group 10.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, restA := digits(a)
		y, restB := digits(b)
		if x != "" && y != "" {
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits cuts the number at the start of s, without its leading zeros ("0" for zero).
func digits(s string) (number, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	number = s[:len(s)-len(rest)]
	if trimmed := strings.TrimLeft(number, "0"); trimmed != "" || number == "" {
		return trimmed, rest
	}
	return "0", rest
}
