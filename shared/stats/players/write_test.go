package players_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/players"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

func to[T any](v T) *T { return &v }

// engines runs a test on both engines.
func engines(t *testing.T, test func(t *testing.T, tbl table.Table)) {
	t.Run("embedded", func(t *testing.T) { t.Parallel(); _, tbl := open(t); test(t, tbl) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		test(t, dynamolocal.Tables(t, table.Stats)[table.Stats.Name])
	})
}

// writes counts the writes to a table.
type writes struct {
	table.Table
	n atomic.Int64
}

func (w *writes) Transact(ctx context.Context, ws []table.Write) error {
	w.n.Add(int64(len(ws)))
	return w.Table.Transact(ctx, ws)
}

func stored(t *testing.T, tbl table.Table, source string, list ...players.Stated) (map[string]string, players.Changes) {
	t.Helper()
	ids, changes, err := players.NewStore(tbl).Put(t.Context(), source, list)
	if err != nil {
		t.Fatal(err)
	}
	return ids, changes
}

func reader(tbl table.Table) players.Reader {
	return players.NewStore(tbl).For(&api.Caller{}, &contract.Contract{})
}

func record(t *testing.T, tbl table.Table, m players.Match) bool {
	t.Helper()
	changed, err := players.NewStore(tbl).Record(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestPlayersOfASourceAreStoredOnceWithExactTotal(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, tbl table.Table) {
		counted := &writes{Table: tbl}
		var list []players.Stated
		for i := range 250 {
			list = append(list, players.Stated{Key: fmt.Sprint(i), Name: fmt.Sprintf("Player %d", i), Names: []string{fmt.Sprintf("P. %d", i)}, Country: to("ENG"), Team: to("elm"), TeamAt: "2018-06-14T15:00:00Z"})
		}
		for i, want := range []players.Changes{{New: 250}, {}} {
			before := counted.n.Load()
			ids, changes := stored(t, counted, "s", list...)
			if changes != want || len(ids) != 250 || ids["7"] != "player-7" {
				t.Errorf("import %d: got %+v, %d ids, %q", i+1, changes, len(ids), ids["7"])
			}
			if i == 1 && counted.n.Load() != before {
				t.Errorf("the second import made %d writes", counted.n.Load()-before)
			}
		}
		page, err := reader(tbl).List(t.Context(), "", 300)
		if err != nil || len(page.Items) != 250 || *page.Total != 250 {
			t.Fatalf("got %d of %d (%v)", len(page.Items), *page.Total, err)
		}
		if p := page.Items[0]; p.ID != "player-0" || p.Name != "Player 0" || *p.Country != "ENG" || *p.Team != "elm" || p.Born != nil || p.Position != nil {
			t.Errorf("got %+v", p)
		}
		list[7].Position, list[8].Name = to("forward"), "Somebody Else"
		if _, changes := stored(t, tbl, "s", list...); changes != (players.Changes{Changed: 2}) {
			t.Errorf("two corrections: got %+v", changes)
		}
		if p, err := reader(tbl).Get(t.Context(), "player-8"); err != nil || p.Name != "Somebody Else" {
			t.Errorf("a renamed player keeps the id: got %+v (%v)", p, err)
		}
		if found, err := reader(tbl).Search(t.Context(), "somebody", 5); err != nil || len(found) != 1 || found[0].ID != "player-8" {
			t.Errorf("got %+v (%v)", found, err)
		}
		if found, err := reader(tbl).Search(t.Context(), "player 8", 5); err != nil || slices.ContainsFunc(found, func(p players.Player) bool { return p.ID == "player-8" }) {
			t.Errorf("found by the former name: %+v (%v)", found, err)
		}
	})
}

func TestPlayersOfOneNameHaveDistinctIDsThatDoNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	list := []players.Stated{
		{Key: "9", Name: "Danilo"}, {Key: "10", Name: "Danilo", Born: to("1991-07-15")}, {Key: "11", Name: "Danilo", Born: to("1991-09-05")},
		{Key: "12", Name: "DANILO", Born: to("1991-09-05")}, {Key: "13", Name: "Danilo"}, {Key: "14", Name: "К. Т."},
	}
	want := "9=danilo 10=danilo-1991 11=danilo-1991-09-05 12=danilo-2 13=danilo-3"
	for range 2 {
		_, tbl := open(t)
		for _, part := range [][]players.Stated{list, list[2:3]} { // a part of them again changes no id
			ids, _ := stored(t, tbl, "s", part...)
			for _, p := range part {
				if p.Key != "14" && !strings.Contains(want+" ", p.Key+"="+ids[p.Key]+" ") {
					t.Errorf("%s: got %s, want %s", p.Key, ids[p.Key], want)
				}
				if p.Key == "14" && !strings.HasPrefix(ids["14"], "player-") {
					t.Errorf("another script: got %s", ids["14"])
				}
			}
		}
		if ids, _ := stored(t, tbl, "other", players.Stated{Key: "9", Name: "Danilo"}); ids["9"] != "danilo-4" {
			t.Errorf("a player of another source: got %s", ids["9"])
		}
		slices.Reverse(list)
	}
}

func TestPlayerHasTheTeamOfTheLatestLineupInAnyOrderOfImport(t *testing.T) {
	t.Parallel()
	older := players.Stated{Key: "1", Name: "A", Team: to("elm"), TeamAt: "2016-07-10T19:00:00Z"}
	newer := players.Stated{Key: "1", Name: "A", Team: to("fir"), TeamAt: "2018-07-15T15:00:00Z"}
	for _, order := range [][]players.Stated{{older, newer}, {newer, older}, {newer, newer}} {
		_, tbl := open(t)
		for _, p := range order {
			stored(t, tbl, "s", p)
		}
		if p, err := reader(tbl).Get(t.Context(), "a"); err != nil || *p.Team != "fir" {
			t.Errorf("got %+v (%v), want the team of 2018", p, err)
		}
	}
}

func TestPlayerIsFoundByMisspeltName(t *testing.T) {
	t.Parallel()
	_, tbl := open(t)
	stored(t, tbl, "s", players.Stated{Key: "1", Name: "Kylian Mbappé", Names: []string{"K. Mbappé", "Kylian Mbappé Lottin"}}, players.Stated{Key: "2", Name: "Kevin De Bruyne"})
	for q, want := range map[string]string{"Mbape": "kylian-mbappe", "Kilian Mbappe": "kylian-mbappe", "de bruine": "kevin-de-bruyne"} {
		if got, err := reader(tbl).Nearest(t.Context(), q, 1); err != nil || len(got) != 1 || got[0].ID != want {
			t.Errorf("%q: got %+v (%v), want %s", q, got, err, want)
		}
	}
	for q, want := range map[string]string{"mbappe": "kylian-mbappe", "K Mbappé": "kylian-mbappe", "lottin": "kylian-mbappe", "bruyne": "kevin-de-bruyne", "kevin-de-bruyne": "kevin-de-bruyne"} {
		if got, err := reader(tbl).Search(t.Context(), q, 5); err != nil || len(got) != 1 || got[0].ID != want {
			t.Errorf("%q: got %+v (%v), want %s", q, got, err, want)
		}
	}
}

func statsText(t *testing.T, tbl table.Table) string {
	t.Helper()
	page, err := reader(tbl).Stats(t.Context(), players.Filter{}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range page.Items {
		one := fmt.Sprintf("%s/%s/%s/%s m%d g%d", s.League, s.Season, s.Player, s.Team, s.Matches, s.Goals)
		if s.Minutes != nil {
			one += fmt.Sprint(" min", *s.Minutes)
		}
		if s.Assists != nil {
			one += fmt.Sprint(" a", *s.Assists)
		}
		all = append(all, one)
	}
	if *page.Total != int64(len(all)) {
		t.Errorf("the total is %d, there are %d", *page.Total, len(all))
	}
	return strings.Join(all, "; ")
}

func TestStatisticsAreTheSumOfAppearancesAndFollowCorrections(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, tbl table.Table) {
		one := players.Match{Source: "s", Key: "1", League: "cup", Season: "2018", Appearances: []players.Appearance{
			{Player: "a", Team: "elm", Minutes: to(90), Goals: 2, Assists: to(1)}, {Player: "b", Team: "fir", Minutes: to(71)}}}
		two := players.Match{Source: "s", Key: "2", League: "cup", Season: "2018", Appearances: []players.Appearance{{Player: "a", Team: "elm", Minutes: to(30), Goals: 1, Assists: to(0)}}}
		for i, step := range []struct {
			m       players.Match
			changed bool
			want    string
		}{
			{one, true, "cup/2018/a/elm m1 g2 min90 a1; cup/2018/b/fir m1 g0 min71"},
			{one, false, "cup/2018/a/elm m1 g2 min90 a1; cup/2018/b/fir m1 g0 min71"},
			{two, true, "cup/2018/a/elm m2 g3 min120 a1; cup/2018/b/fir m1 g0 min71"},
			{players.Match{Source: "s", Key: "1", League: "cup", Season: "2018", Appearances: []players.Appearance{
				{Player: "a", Team: "elm", Minutes: to(90), Goals: 1, Assists: to(1)}, {Player: "c", Team: "fir", Minutes: to(71)}}}, true,
				"cup/2018/a/elm m2 g2 min120 a1; cup/2018/c/fir m1 g0 min71"},
			{players.Match{Source: "s", Key: "2", League: "cup", Season: "2018"}, true, "cup/2018/a/elm m1 g1 min90 a1; cup/2018/c/fir m1 g0 min71"},
			{players.Match{Source: "s", Key: "1", League: "cup", Season: "2022", Appearances: one.Appearances}, true, "cup/2022/a/elm m1 g2 min90 a1; cup/2022/b/fir m1 g0 min71"},
			{players.Match{Source: "s", Key: "1", League: "cup", Season: "2022"}, true, ""},
		} {
			if changed := record(t, tbl, step.m); changed != step.changed {
				t.Errorf("step %d: changed %t", i+1, changed)
			}
			if got := statsText(t, tbl); got != step.want {
				t.Errorf("step %d: got  %s\nwant %s", i+1, got, step.want)
			}
		}
	})
}

func TestConcurrentRecordsLoseNoAppearance(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, tbl table.Table) {
		var group sync.WaitGroup
		for i := range 6 {
			group.Go(func() {
				for range 2 { // each is recorded twice
					m := players.Match{Source: "s", Key: fmt.Sprint(i), League: "cup", Season: "2018", Appearances: []players.Appearance{{Player: "a", Team: "elm", Goals: 1}}}
					if _, err := players.NewStore(tbl).Record(t.Context(), m); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got, want := statsText(t, tbl), "cup/2018/a/elm m6 g6"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestConcurrentImportsStoreEachPlayerOnce(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, tbl table.Table) {
		var list []players.Stated
		for i := range 20 {
			list = append(list, players.Stated{Key: fmt.Sprint(i), Name: "Same Name"})
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, _, err := players.NewStore(tbl).Put(t.Context(), "s", list); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		page, err := reader(tbl).List(t.Context(), "", 100)
		if err != nil || len(page.Items) != 20 || *page.Total != 20 {
			t.Errorf("got %d players, total %d (%v)", len(page.Items), *page.Total, err)
		}
	})
}

func TestStatisticsOfOnePlayerAreListedBySeason(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, tbl table.Table) {
		for i, season := range []string{"2018-19", "2016-17", "2017-18"} {
			record(t, tbl, players.Match{Source: "s", Key: fmt.Sprint(i), League: "en.1", Season: season, Appearances: []players.Appearance{{Player: "a", Team: "elm"}, {Player: "ab", Team: "elm"}}})
		}
		got, err := reader(tbl).StatsOf(t.Context(), "a")
		if err != nil || len(got) != 3 || got[0].Season != "2016-17" || got[2].Season != "2018-19" || got[0].Player != "a" {
			t.Errorf("got %+v (%v)", got, err)
		}
	})
}
