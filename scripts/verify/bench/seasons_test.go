package main

import "testing"

func TestGeneratedSeasonsAreDoubleRoundRobins(t *testing.T) {
	t.Parallel()
	const all = clubCount * (clubCount - 1)
	seasons := generate(2 * all)
	if len(seasons) != 2 {
		t.Fatalf("%d seasons, want 2", len(seasons))
	}
	for _, s := range seasons {
		pairs := map[[2]string]bool{}
		for _, m := range s.Matches {
			pairs[[2]string{m.Home.Name, m.Away.Name}] = true
			if m.Home.Name == m.Away.Name {
				t.Errorf("%s plays itself", m.Home.Name)
			}
		}
		if len(s.Matches) != all || len(pairs) != all {
			t.Errorf("%s: %d matches of %d pairs, want %d", s.League, len(s.Matches), len(pairs), all)
		}
	}
}
