package teams_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var ctx = context.Background()

func open(t testing.TB) table.Table {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Table(table.Stats.Name)
}

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func update(t testing.TB, tbl table.Table, fill func(*teams.Registry)) (*teams.Registry, teams.Changes) {
	t.Helper()
	r, changes, err := teams.Update(ctx, tbl, now, fill)
	if err != nil {
		t.Fatal(err)
	}
	return r, changes
}

// hidden returns the reader of an organisation under a contract that hides public data.
func hidden(s *teams.Store, org string) teams.Reader {
	return s.For(&api.Caller{Org: org}, &contract.Contract{HidePublic: true})
}

func all(t testing.TB, tbl table.Table) []teams.Team {
	t.Helper()
	var list []teams.Team
	for after := ""; ; {
		page, err := teams.NewStore(tbl).Public().List(ctx, "", after, 7)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.Teams...)
		if after = page.Next; after == "" {
			return list
		}
	}
}

// addKnown adds clubs and spellings with every kind of overlap.
func addKnown(r *teams.Registry) {
	for _, c := range []teams.Club{
		{Name: "Elmfield City FC", Country: "ENG", Aliases: []string{"Elmfield City", "Elmfield"}},
		{Name: "Swanmere City AFC", Country: "WAL", Aliases: []string{"Swanmere City"}},
		{Name: "Wimbleton FC", Country: "ENG", Aliases: []string{"Wimbleton"}},
		{Name: "AFC Wimbleton", Country: "ENG"},
		{Name: "Newport Vale FC", Country: "ENG", Aliases: []string{"Newport"}},
		{Name: "Newport Mon AFC", Country: "WAL", Aliases: []string{"Newport"}},
		{Name: "SK Rapide", Country: "AUT", Aliases: []string{"Rapide"}},
		{Name: "Rapide JC", Country: "NED", Aliases: []string{"Rapide"}},
		{Name: "Extremo UD", Country: "ESP", Aliases: []string{"Extremo"}},
		{Name: "CF Extremo", Years: "-2010", Country: "ESP", Aliases: []string{"Extremo"}},
	} {
		r.AddClub(c)
	}
	for _, s := range [][2]string{{"ESP", "Extremo"}, {"", "Rapide"}, {"BRA", "Fortuna EC"}, {"COL", "Fortuna FC"}, {"BRA", "Palma"}, {"BRA", "Palma FC"}, {"UKR", "Donbas"}} {
		r.See(s[0], s[1])
	}
}

func TestSpellingsResolveToTheirTeam(t *testing.T) {
	t.Parallel()
	r, _ := update(t, open(t), addKnown)
	for _, tt := range [][3]string{
		{"ENG", "Elmfield City FC", "elmfield-city-fc"},
		{"ENG", "ELMFIELD", "elmfield-city-fc"},
		{"ENG", "Elmfield AFC", "elmfield-city-fc"},
		{"", "Elmfield City (ENG)", "elmfield-city-fc"},
		{"", "Elmfield City", "elmfield-city-fc"},
		{"ENG", "Swanmere City", "swanmere-city-afc"},
		{"ENG", "Swanmere City FC", "swanmere-city-afc"},
		{"ENG", "Newport", "newport-vale-fc"},
		{"WAL", "Newport", "newport-mon-afc"},
		{"ENG", "Wimbleton", "wimbleton-fc"},
		{"ENG", "AFC Wimbleton", "afc-wimbleton"},
		{"ENG", "Wimbleton AFC", ""}, // ambiguous without FC and AFC
		{"AUT", "Rapide", "sk-rapide"},
		{"NED", "Rapide", "rapide-jc"},
		{"", "Rapide", "rapide"}, // ambiguous, so a team of its own
		{"ESP", "Extremo", "extremo"},
		{"BRA", "Fortuna EC", "fortuna-ec"},
		{"COL", "Fortuna FC", "fortuna-fc"},
		{"BRA", "Palma", "palma"},
		{"BRA", "Palma FC", "palma"},
		{"", "Donbas", "donbas"},
		{"", "Unknown", ""},
	} {
		got := ""
		if team := r.Resolve(tt[0], tt[1]); team != nil {
			got = team.ID
		}
		if got != tt[2] {
			t.Errorf("%q in %q: got %q, want %q", tt[1], tt[0], got, tt[2])
		}
	}
	want := []string{"Extremo: CF Extremo (-2010) (ESP), Extremo UD (ESP)", "Newport: Newport Mon AFC (WAL), Newport Vale FC (ENG)", "Rapide: Rapide JC (NED), SK Rapide (AUT)"}
	if got := r.Ambiguous(); !slices.Equal(got, want) {
		t.Errorf("got ambiguous %q, want %q", got, want)
	}
}

// facts add clubs and spellings whose teams overlap in every possible way.
var facts = []func(*teams.Registry){
	func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Elm FC", Country: "ENG", Aliases: []string{"Elms", "The Elm"}})
	},
	func(r *teams.Registry) { r.AddClub(teams.Club{Name: "AFC Elm", Country: "ENG"}) },
	func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Fir Town AFC", Country: "WAL", Aliases: []string{"Fir"}})
	},
	func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Yew CF", Country: "ESP", Aliases: []string{"Yew"}})
	},
	func(r *teams.Registry) { r.AddClub(teams.Club{Name: "Yew", Years: "1900-1950", Country: "ESP"}) },
	func(r *teams.Registry) { r.See("ENG", "Elm"); r.See("ENG", "Elms"); r.See("ENG", "Fir") },
	func(r *teams.Registry) { r.See("ENG", "AFC Elm"); r.See("ENG", "Elm FC") },
	func(r *teams.Registry) { r.See("", "Elm (ENG)"); r.See("", "Ash"); r.See("", "Fir Town (WAL)") },
	func(r *teams.Registry) {
		r.See("ESP", "Yew")
		r.See("ESP", "Yew CF")
		r.See("ESP", "Ash FC")
		r.See("ESP", "Oak")
	},
	func(r *teams.Registry) { r.See("GER", "Oak"); r.See("", "Oak"); r.See("ENG", "The Elm FC") },
}

// namesOf returns the names of each team. It leaves out the ids, which depend on the order
// of the updates.
func namesOf(list []teams.Team) []string {
	var out []string
	for _, team := range list {
		names := slices.Clone(team.Names)
		sort.Strings(names)
		country := ""
		if team.Country != nil {
			country = *team.Country
		}
		out = append(out, country+" "+strings.Join(names, "|"))
	}
	sort.Strings(out)
	return out
}

func TestTeamsDoNotDependOnTheOrderOfUpdates(t *testing.T) {
	t.Parallel()
	var want []string
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		tbl := open(t)
		order := rng.Perm(len(facts))
		for i := 0; i < len(order); {
			n := min(1+rng.IntN(4), len(order)-i)
			update(t, tbl, func(r *teams.Registry) {
				for _, f := range order[i : i+n] {
					facts[f](r)
				}
			})
			i += n
		}
		got := namesOf(all(t, tbl))
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Fatalf("order %v:\ngot  %q\nwant %q", order, got, want)
		}
	}
}

func TestEveryFormerIDOfATeamStillFindsIt(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 8))
		tbl := open(t)
		s := teams.NewStore(tbl).Public()
		ids := map[string]bool{}
		for _, f := range rng.Perm(len(facts)) {
			update(t, tbl, facts[f])
			for _, team := range all(t, tbl) {
				ids[team.ID] = true
			}
			for id := range ids {
				if got, err := s.Get(ctx, id); err != nil || got == nil {
					t.Fatalf("seed %d: %s: %v", seed, id, err)
				}
			}
		}
	}
}

func TestMergedTeamKeepsTheOlderIDAndTheYoungerIsAnAlias(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	update(t, tbl, func(r *teams.Registry) { r.See("ENG", "Elms") })
	update(t, tbl, func(r *teams.Registry) { r.See("ENG", "Elmfield City") })
	_, changes := update(t, tbl, func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Elmfield City FC", Country: "ENG", Aliases: []string{"Elmfield City", "Elms"}})
	})
	if changes.Merged != 1 || changes.New != 0 {
		t.Errorf("got %+v, want one merged", changes)
	}
	for _, id := range []string{"elms", "elmfield-city"} {
		got, err := teams.NewStore(tbl).Public().Get(ctx, id)
		if err != nil || got.ID != "elms" || got.Name != "Elmfield City FC" || len(got.Names) != 3 {
			t.Errorf("%s: got %+v, %v, want elms with the club's name", id, got, err)
		}
	}
	r, _ := update(t, tbl, func(*teams.Registry) {})
	if got := r.Moving(); !slices.Equal(got, []string{"elmfield-city", "elms"}) {
		t.Errorf("after an interrupted run: got moving %v, want both", got)
	}
	if err := r.Moved(ctx, tbl); err != nil {
		t.Fatal(err)
	}
	r, changes = update(t, tbl, func(r *teams.Registry) { r.See("ENG", "Elms") })
	if len(r.Moving()) > 0 || changes != (teams.Changes{}) {
		t.Errorf("after Moved: got moving %v and changes %+v", r.Moving(), changes)
	}
}

func TestIDOfAUsedSlugHasYearsCountryOrNumber(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	update(t, tbl, func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Elm FC", Country: "ENG"})
		r.AddClub(teams.Club{Name: "Elm FC", Years: "1900-1910", Country: "ENG"})
		r.AddClub(teams.Club{Name: "Élm FC", Country: "FRA"})
		r.AddClub(teams.Club{Name: "E.L.M. FC", Country: "FRA"})
	})
	var ids []string
	for _, team := range all(t, tbl) {
		ids = append(ids, team.ID)
	}
	if want := []string{"elm-fc", "elm-fc-1900-1910", "elm-fc-fra", "elm-fc-fra-2"}; !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}

func TestSearchFindsEachTeamOnceByTheBeginningsOfItsWords(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	update(t, tbl, func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Málmor City FC", Country: "ESP", Aliases: []string{"City of Málmor", "Málmor"}})
		r.AddClub(teams.Club{Name: "Citadel FC", Country: "ENG"})
		r.AddClub(teams.Club{Name: "Velocity AFC", Country: "ENG"})
		for i := range 20 {
			r.AddClub(teams.Club{Name: fmt.Sprintf("Town %02d City", i), Country: "ENG", Aliases: []string{"City " + fmt.Sprint(i)}})
		}
	})
	s := teams.NewStore(tbl).Public()
	for q, want := range map[string]int{"malmor": 1, "MÁLMOR c": 1, "citadel": 1, "city": 21, "cit": 22, "c": 22, "velo": 1, "ocity": 0, "'": 0, "zzz": 0, "\xff": 0, "town 07": 1} {
		found := map[string]int{}
		for after := ""; ; {
			page, err := s.List(ctx, q, after, 4)
			if err != nil {
				t.Fatal(err)
			}
			for _, team := range page.Teams {
				found[team.ID]++
			}
			if after = page.Next; after == "" {
				break
			}
			if len(page.Teams) != 4 {
				t.Errorf("%q: got a page of %d teams with a cursor", q, len(page.Teams))
			}
		}
		if len(found) != want {
			t.Errorf("%q: got %d teams, want %d: %v", q, len(found), want, found)
		}
		for id, n := range found {
			if n != 1 {
				t.Errorf("%q: got %s %d times", q, id, n)
			}
		}
	}
}

func TestTeamsOfASeasonAreListedInPages(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	update(t, tbl, func(r *teams.Registry) {
		for _, name := range []string{"Elm", "Ash", "Yew", "Fir"} {
			r.See("ENG", name)
		}
	})
	var got []string
	for after := ""; ; {
		page, err := teams.NewStore(tbl).Public().ListIDs(ctx, []string{"yew", "ash", "elm"}, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, team := range page.Teams {
			got = append(got, team.ID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if want := []string{"ash", "elm", "yew"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnknownTeamIsNotFound(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "unknown", "\xff", strings.Repeat("x", 5000)} {
		if _, err := teams.NewStore(open(t)).Public().Get(ctx, id); !errors.Is(err, teams.ErrNotFound) {
			t.Errorf("%.20q: got %v, want ErrNotFound", id, err)
		}
	}
}

func TestConcurrentUpdatesCreateOneTeamPerSpelling(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if _, _, err := teams.Update(ctx, tbl, now, func(r *teams.Registry) {
				for j := range 30 {
					r.See("ENG", fmt.Sprintf("Elm %d", (i*5+j)%40))
				}
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := len(all(t, tbl)); got != 40 {
		t.Errorf("got %d teams, want 40", got)
	}
}

func TestSearchOfOwnTeamsReadsABoundedNumberPerPage(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	s := hidden(teams.NewStore(tbl), "org_1")
	var ws []table.Write
	for i := range 3600 {
		name := fmt.Sprintf("Elm %d", i)
		if i%1201 == 0 {
			name = fmt.Sprintf("Yew %d", i)
		}
		_, write, err := s.Own(ctx, name, false)
		if err != nil {
			t.Fatal(err)
		}
		ws = append(ws, *write)
	}
	for batch := range slices.Chunk(ws, 100) {
		if err := tbl.Transact(ctx, batch); err != nil {
			t.Fatal(err)
		}
	}
	watched := tabletest.NewFaulty(tbl)
	for q, want := range map[string]int{"yew": 3, "ash": 0, "elm": 3597} {
		found := 0
		for after := ""; ; {
			before := len(watched.Calls())
			page, err := hidden(teams.NewStore(watched), "org_1").List(ctx, q, after, 50)
			if err != nil {
				t.Fatal(err)
			}
			if queries := len(watched.Calls()) - before; queries > 2 {
				t.Errorf("%s: a page took %d queries of 500 teams, want at most 2", q, queries)
			}
			found += len(page.Teams)
			if after = page.Next; after == "" {
				break
			}
		}
		if found != want {
			t.Errorf("%s: got %d teams, want %d", q, found, want)
		}
	}
}
