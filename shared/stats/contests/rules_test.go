package contests

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func contest(status Status, bestOf int, maps ...MapScore) Contest {
	return Contest{ID: "con_1", Game: "rally", Status: status, BestOf: bestOf, Maps: maps,
		Home: Opponent{ID: "north"}, Away: Opponent{ID: "south"}}
}

func TestGameMovesAContestAlongThreeStepsOnly(t *testing.T) {
	t.Parallel()
	allowed := map[[2]Status]bool{{Ready, InProgress}: true, {InProgress, Cancelled}: true, {Accepted, Cancelled}: true}
	for _, from := range Statuses {
		for _, to := range Statuses {
			got, err := contest(from, 3).Move(to, noon)
			if want := allowed[[2]Status{from, to}]; (err == nil) != want || !want && !errors.Is(err, errState) {
				t.Errorf("from %s to %s: got %v, want allowed %v", from, to, err, want)
			} else if want && (got.Status != to || !got.UpdatedAt.Equal(noon)) {
				t.Errorf("from %s to %s: got %s at %s", from, to, got.Status, got.UpdatedAt)
			} else if !want && got.Status != from {
				t.Errorf("from %s to %s: the refused move changed the status to %s", from, to, got.Status)
			}
		}
	}
}

func TestTeamsAgreeOnlyOnTheirOwnSteps(t *testing.T) {
	t.Parallel()
	allowed := map[[2]Status]bool{{Pending, Accepted}: true, {Pending, Cancelled}: true, {Accepted, Ready}: true,
		{InProgress, Disputed}: true, {Completed, Disputed}: true, {Disputed, Completed}: true, {Disputed, Cancelled}: true}
	for _, from := range Statuses {
		for _, to := range Statuses {
			_, err := contest(from, 3).Agree(to, noon)
			if want := allowed[[2]Status{from, to}]; (err == nil) != want || !want && !errors.Is(err, errState) {
				t.Errorf("from %s to %s: got %v, want allowed %v", from, to, err, want)
			}
		}
	}
}

func TestOtherTeamWinsAForfeit(t *testing.T) {
	t.Parallel()
	for _, from := range Statuses {
		allowed := slices.Contains([]Status{Accepted, Ready, InProgress}, from)
		for team, winner := range map[string]string{"north": "south", "south": "north"} {
			got, err := contest(from, 3).Forfeit(team, nil, noon)
			if (err == nil) != allowed || !allowed && !errors.Is(err, errState) {
				t.Errorf("%s forfeits while %s: got %v, want allowed %v", team, from, err, allowed)
			}
			if allowed && (got.Status != Forfeited || got.Winner == nil || *got.Winner != winner || *got.ForfeitedBy != team) {
				t.Errorf("%s forfeits while %s: got %+v, want %s as winner", team, from, got, winner)
			}
		}
		if _, err := contest(from, 3).Forfeit("east", nil, noon); !errors.Is(err, errTeam) {
			t.Errorf("a team that does not take part forfeits while %s: got %v", from, err)
		}
	}
}

func TestContestCompletesItselfWhenEnoughMapsAreConfirmed(t *testing.T) {
	t.Parallel()
	home, away, draw := MapScore{Home: 2, Away: 1, Confirmed: true}, MapScore{Home: 0, Away: 1, Confirmed: true}, MapScore{Home: 1, Away: 1, Confirmed: true}
	open := MapScore{Home: 9}
	for name, c := range map[string]struct {
		bestOf int
		maps   []MapScore
		status Status
		winner string
	}{
		"one of one":                     {1, []MapScore{home}, Completed, "north"},
		"one of three":                   {3, []MapScore{home}, InProgress, ""},
		"two of three":                   {3, []MapScore{away, away}, Completed, "south"},
		"one each of three":              {3, []MapScore{home, away}, InProgress, ""},
		"two unconfirmed of three":       {3, []MapScore{open, open}, InProgress, ""},
		"three of five":                  {5, []MapScore{home, home, away, home}, Completed, "north"},
		"three each of seven":            {7, []MapScore{home, away, home, away, home, away}, InProgress, ""},
		"four of seven":                  {7, []MapScore{away, away, away, away}, Completed, "south"},
		"all of three, one by each":      {3, []MapScore{home, draw, away}, Completed, ""},
		"all of three, one won":          {3, []MapScore{draw, draw, home}, Completed, "north"},
		"a draw alone decides nothing":   {3, []MapScore{draw, draw}, InProgress, ""},
		"a draw in one of one is a draw": {1, []MapScore{draw}, Completed, ""},
	} {
		for i := range c.maps {
			c.maps[i].Map = i + 1
		}
		got, outcomes, err := contest(InProgress, c.bestOf).Score(c.maps, noon)
		winner := ""
		if got.Winner != nil {
			winner = *got.Winner
		}
		if err != nil || got.Status != c.status || winner != c.winner || len(outcomes) != len(c.maps) {
			t.Errorf("%s: got %s won by %q with %v (%v), want %s won by %q", name, got.Status, winner, outcomes, err, c.status, c.winner)
		}
	}
}

func TestScoreOverwritesUnconfirmedScoresOnly(t *testing.T) {
	t.Parallel()
	before := contest(InProgress, 5, MapScore{1, 3, 2, true}, MapScore{2, 1, 0, false})
	got, outcomes, err := before.Score([]MapScore{{3, 7, 7, false}, {1, 0, 9, true}, {2, 4, 5, false}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Outcome{{3, saved}, {1, alreadyConfirmed}, {2, saved}}; !slices.Equal(outcomes, want) {
		t.Errorf("got %v, want %v", outcomes, want)
	}
	if want := []MapScore{{1, 3, 2, true}, {2, 4, 5, false}, {3, 7, 7, false}}; !slices.Equal(got.Maps, want) {
		t.Errorf("got %v, want %v", got.Maps, want)
	}
	if want := (MapScore{2, 1, 0, false}); before.Maps[1] != want {
		t.Errorf("Score changed its receiver: %v", before.Maps)
	}
}

func TestScoreAndConfirmRequireAContestInProgressAndItsMaps(t *testing.T) {
	t.Parallel()
	for _, from := range Statuses {
		_, _, err := contest(from, 3).Score([]MapScore{{1, 1, 0, true}}, noon)
		_, confirmed := contest(from, 3, MapScore{1, 1, 0, false}).Confirm([]int{1}, noon)
		if may := from == InProgress; (err == nil) != may || (confirmed == nil) != may || !may && !errors.Is(err, errState) {
			t.Errorf("while %s: got %v and %v", from, err, confirmed)
		}
	}
	for _, n := range []int{0, -1, 4} {
		if got, _, err := contest(InProgress, 3).Score([]MapScore{{1, 1, 0, true}, {n, 1, 0, true}}, noon); !errors.Is(err, errMap) {
			t.Errorf("map %d: got %+v, %v", n, got, err)
		}
	}
	if _, err := contest(InProgress, 3).Confirm([]int{1}, noon); !errors.Is(err, errMap) {
		t.Errorf("confirming a map without a score: got %v", err)
	}
}

// TestContestNeverHasAWinnerBeforeItsEnd takes random steps.
func TestContestNeverHasAWinnerBeforeItsEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := contest(rapid.SampledFrom(Statuses).Draw(t, "status"), rapid.SampledFrom([]int{1, 3, 5, 7}).Draw(t, "best of"))
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			before := c
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				c, _ = c.Move(rapid.SampledFrom(Statuses).Draw(t, "to"), noon)
			case 1:
				c, _ = c.Agree(rapid.SampledFrom(Statuses).Draw(t, "to"), noon)
			case 2:
				score := MapScore{rapid.IntRange(1, c.BestOf).Draw(t, "map"), rapid.IntRange(0, 9).Draw(t, "home"), rapid.IntRange(0, 9).Draw(t, "away"), rapid.Bool().Draw(t, "confirmed")}
				if next, _, err := c.Score([]MapScore{score}, noon); err == nil {
					c = next
				}
			case 3:
				if next, err := c.Forfeit(rapid.SampledFrom([]string{"north", "south"}).Draw(t, "team"), nil, noon); err == nil {
					c = next
				}
			}
			if c.Winner != nil && c.Status != Completed && c.Status != Forfeited {
				t.Fatalf("%s has the winner %s", c.Status, *c.Winner)
			}
			if (before.Status == Forfeited || before.Status == Cancelled) && c.Status != before.Status {
				t.Fatalf("%s became %s", before.Status, c.Status)
			}
			if c.Home.Wins+c.Away.Wins > c.BestOf {
				t.Fatalf("%d and %d maps of %d", c.Home.Wins, c.Away.Wins, c.BestOf)
			}
		}
	})
}
