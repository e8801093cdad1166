package players_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/players"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

func open(t *testing.T) (players.Reader, table.Table) {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tbl := db.Table(table.Stats.Name)
	return players.NewStore(tbl).For(&api.Caller{}, &contract.Contract{}), tbl
}

func put(t *testing.T, tbl table.Table, partition, sort string, v any) {
	t.Helper()
	it, err := table.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	it[table.PartitionAttr], it[table.SortAttr] = partition, sort
	err = tbl.Transact(t.Context(), []table.Write{table.Put(it),
		table.Update(table.Key{Partition: "COUNT#public", Sort: partition}, []table.Action{table.Increment("n", 1)})})
	if err != nil {
		t.Fatal(err)
	}
}

func TestListsOfAnEmptyTableAreEmptyWithTotalZero(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	all, err := s.List(t.Context(), "", 10)
	if err != nil || all.Items == nil || len(all.Items) != 0 || all.Next != "" || *all.Total != 0 {
		t.Errorf("players: got %+v (%v)", all, err)
	}
	stats, err := s.Stats(t.Context(), players.Filter{}, "", 10)
	if err != nil || len(stats.Items) != 0 || stats.Next != "" || *stats.Total != 0 {
		t.Errorf("stats: got %+v (%v)", stats, err)
	}
	for _, id := range []string{"unknown", "", string(make([]byte, 300)), "\xff"} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, players.ErrNotFound) {
			t.Errorf("%q: got %v, want not found", id, err)
		}
	}
}

func TestPagesHaveEveryPlayerOnceInOrder(t *testing.T) {
	t.Parallel()
	s, tbl := open(t)
	var want []string
	for i := range 7 {
		id := fmt.Sprintf("player-%d", i)
		want = append(want, id)
		put(t, tbl, "PLAYERS", id, players.Player{ID: id, Name: id})
	}
	var got []string
	for after := ""; ; {
		page, err := s.List(t.Context(), after, 3)
		if err != nil || *page.Total != 7 || len(page.Items) > 3 {
			t.Fatalf("got %+v (%v)", page, err)
		}
		for _, p := range page.Items {
			got = append(got, p.ID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if p, err := s.Get(t.Context(), "player-3"); err != nil || p.Name != "player-3" || p.Team != nil {
		t.Errorf("got %+v (%v)", p, err)
	}
}

func TestStatsAreLimitedToTheRequestedLeagueOrSeason(t *testing.T) {
	t.Parallel()
	s, tbl := open(t)
	for _, at := range [][2]string{{"en.1", "2015-16"}, {"en.1", "2016-17"}, {"en.10", "2015-16"}} {
		put(t, tbl, "PLAYERSTATS", at[0]+"#"+at[1]+"#p#t", players.Stats{Player: "p", Team: "t", League: at[0], Season: at[1], Goals: 2})
	}
	for f, want := range map[players.Filter]int{{}: 3, {League: "en.1"}: 2, {League: "en.1", Season: "2015-16"}: 1, {League: "en"}: 0, {League: "\xff"}: 0} {
		page, err := s.Stats(t.Context(), f, "", 10)
		if err != nil || len(page.Items) != want || (page.Total != nil) != (f == players.Filter{}) {
			t.Errorf("%+v: got %+v (%v), want %d", f, page, err, want)
		}
	}
}
