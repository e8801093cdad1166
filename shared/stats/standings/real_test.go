package standings_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/standings"
)

// dataDir returns the folder of the open data. It skips the test with a message if the
// data is missing.
func dataDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("STATGATE_DATA")
	if dir == "" {
		dir = filepath.Join(repoRoot(t), "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "openfootball-football.json")); err != nil {
		t.Skipf("NOT RUN: no real data: %v (set STATGATE_DATA)", err)
	}
	return dir
}

func repoRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod in a parent folder of the test")
		}
		dir = filepath.Dir(dir)
	}
}

var roundForm = regexp.MustCompile(`^(?:(.+), )?(?:Matchday (\d+)|(\d+)\. Round)$`)

// realSeason reads a football.json file; a team's id is its name.
func realSeason(t testing.TB, league, season string) []matches.Match {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dataDir(t), "openfootball-football.json", season, league+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Matches []struct {
			Round, Date, Team1, Team2, Stage, Status string
			Score                                    struct{ Ft []int }
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var ms []matches.Match
	for _, f := range file.Matches {
		m := matches.Match{League: matches.Ref(league), Season: matches.Ref(season), Round: &f.Round, Date: f.Date, Status: matches.Scheduled,
			Home: matches.Side{ID: f.Team1, Name: f.Team1}, Away: matches.Side{ID: f.Team2, Name: f.Team2}}
		if f.Stage != "" {
			m.Stage = &f.Stage
		}
		if p := roundForm.FindStringSubmatch(f.Round); p != nil {
			n, _ := strconv.Atoi(p[2] + p[3])
			m.Matchday = &n
			if p[1] != "" {
				m.Stage = &p[1]
			}
		} else if strings.HasPrefix(f.Round, "Group ") {
			m.Group = &f.Round
		}
		if len(f.Score.Ft) == 2 {
			m.Status, m.Score.FullTime = matches.Finished, &matches.Goals{Home: f.Score.Ft[0], Away: f.Score.Ft[1]}
		}
		if f.Status != "" {
			m.Status = matches.Status(f.Status)
		}
		ms = append(ms, m)
	}
	return ms
}

func realDeductions(t testing.TB, league, season string) []standings.Deduction {
	t.Helper()
	file, err := os.Open(filepath.Join(dataDir(t), "adjustments.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// The file uses the spellings of the clubs file; matches use those of their season.
	spelling := map[string]string{"Everton": "Everton FC", "Nottingham Forest": "Nottingham Forest FC"}
	var adj []standings.Deduction
	for _, line := range lines[1:] {
		if line[0] != league || line[1] != season {
			continue
		}
		points, err := strconv.Atoi(line[3])
		if err != nil {
			t.Fatal(err)
		}
		adj = append(adj, standings.Deduction{TeamID: line[2], Points: points})
		if other, ok := spelling[line[2]]; ok {
			adj = append(adj, standings.Deduction{TeamID: other, Points: points})
		}
	}
	return adj
}

func realTable(t testing.TB, league, season string, asOf standings.AsOf) []standings.Row {
	t.Helper()
	rows, err := standings.Compute(standings.For(league, season), realSeason(t, league, season), realDeductions(t, league, season), asOf)
	if err != nil {
		t.Fatalf("%s %s: %v", league, season, err)
	}
	return rows
}

// standing is one expected line: a team and its points.
type standing struct {
	team   string
	points int
}

func expect(t *testing.T, rows []standings.Row, want []standing) {
	t.Helper()
	if len(rows) != len(want) {
		t.Fatalf("rows: got %d, want %d", len(rows), len(want))
	}
	for i, w := range want {
		if got := (standing{rows[i].Team.Name, rows[i].Points}); got != w {
			t.Errorf("line %d: got %v, want %v", i+1, got, w)
		}
	}
}

func find(t *testing.T, rows []standings.Row, team string) standings.Row {
	t.Helper()
	for _, r := range rows {
		if r.Team.Name == team {
			return r
		}
	}
	t.Fatalf("%s is not listed", team)
	return standings.Row{}
}

// finalTables are the published final tables.
var finalTables = []struct {
	league, season string
	want           []standing
}{
	{"en.1", "2015-16", []standing{{"Leicester City", 81}, {"Arsenal FC", 71}, {"Tottenham Hotspur", 70}, {"Manchester City", 66},
		{"Manchester United", 66}, {"Southampton FC", 63}, {"West Ham United", 62}, {"Liverpool FC", 60}, {"Stoke City", 51},
		{"Chelsea FC", 50}, {"Everton FC", 47}, {"Swansea City", 47}, {"Watford FC", 45}, {"West Bromwich Albion", 43},
		{"Crystal Palace", 42}, {"AFC Bournemouth", 42}, {"Sunderland AFC", 39}, {"Newcastle United", 37}, {"Norwich City", 34}, {"Aston Villa", 17}}},
	{"en.1", "2023-24", []standing{{"Manchester City FC", 91}, {"Arsenal FC", 89}, {"Liverpool FC", 82}, {"Aston Villa FC", 68},
		{"Tottenham Hotspur FC", 66}, {"Chelsea FC", 63}, {"Newcastle United FC", 60}, {"Manchester United FC", 60}, {"West Ham United FC", 52},
		{"Crystal Palace FC", 49}, {"Brighton & Hove Albion FC", 48}, {"AFC Bournemouth", 48}, {"Fulham FC", 47},
		{"Wolverhampton Wanderers FC", 46}, {"Everton FC", 40}, {"Brentford FC", 39}, {"Nottingham Forest FC", 32}, {"Luton Town FC", 26},
		{"Burnley FC", 24}, {"Sheffield United FC", 16}}},
	// Real Sociedad, Betis and Alavés were level, as were four other pairs.
	{"es.1", "2018-19", []standing{{"FC Barcelona", 87}, {"Atlético Madrid", 76}, {"Real Madrid", 68}, {"Valencia CF", 61}, {"Getafe CF", 59},
		{"Sevilla FC", 59}, {"Espanyol Barcelona", 53}, {"Athletic Club", 53}, {"Real Sociedad", 50}, {"Real Betis", 50}, {"CD Alavés", 50},
		{"SD Eibar", 47}, {"CD Leganés", 45}, {"Villarreal CF", 44}, {"Levante UD", 44}, {"Real Valladolid", 41}, {"RC Celta", 41},
		{"Girona FC", 37}, {"SD Huesca", 33}, {"Rayo Vallecano", 32}}},
	// Deportivo, Granada and Eibar were level; the one with the best goal difference was
	// relegated. Almería's deduction of three points is missing from the data.
	{"es.1", "2014-15", []standing{{"FC Barcelona", 94}, {"Real Madrid", 92}, {"Atlético Madrid", 78}, {"Valencia CF", 77}, {"Sevilla FC", 76},
		{"Villarreal CF", 60}, {"Athletic Club", 55}, {"RC Celta", 51}, {"Málaga CF", 50}, {"Espanyol Barcelona", 49}, {"Rayo Vallecano", 49},
		{"Real Sociedad", 46}, {"Elche CF", 41}, {"Levante UD", 37}, {"Getafe CF", 37}, {"Deportivo La Coruña", 35}, {"Granada CF", 35},
		{"SD Eibar", 35}, {"UD Almería", 32}, {"Córdoba CF", 20}}},
	{"en.3", "2019-20", []standing{{"Coventry City", 67}, {"Rotherham United", 62}, {"Wycombe Wanderers", 59}, {"Oxford United", 60},
		{"Portsmouth FC", 60}, {"Fleetwood Town", 60}, {"Peterborough United", 59}, {"Sunderland AFC", 59}, {"Doncaster Rovers", 54},
		{"Gillingham FC", 51}, {"Ipswich Town", 52}, {"Burton Albion", 48}, {"Blackpool FC", 45}, {"Bristol Rovers", 45},
		{"Shrewsbury Town", 41}, {"Lincoln City", 42}, {"Accrington Stanley", 40}, {"Rochdale AFC", 36}, {"Milton Keynes Dons", 37},
		{"AFC Wimbledon", 35}, {"Tranmere Rovers", 32}, {"Southend United", 19}, {"Bolton Wanderers", 14}}},
	// Mattersburg is before Altach, and Admira before Hartberg, because each lost half a
	// point when points were halved.
	{"at.1", "2018-19", []standing{{"RB Salzburg", 52}, {"LASK", 40}, {"Wolfsberger AC", 31}, {"Austria Wien", 27}, {"Sturm Graz", 24},
		{"SKN St. Pölten", 21}, {"Rapid Wien", 32}, {"SV Mattersburg", 28}, {"SCR Altach", 28}, {"FC Admira Wacker", 22},
		{"TSV Hartberg", 22}, {"FC Wacker Innsbruck", 20}}},
}

func TestRealFinalTablesMatchThePublishedTables(t *testing.T) {
	t.Parallel()
	for _, f := range finalTables {
		t.Run(f.league+" "+f.season, func(t *testing.T) {
			t.Parallel()
			rows := realTable(t, f.league, f.season, standings.AsOf{})
			expect(t, rows, f.want)
			for i, r := range rows {
				if r.Position != i+1 {
					t.Errorf("%s: position %d, want %d", r.Team.Name, r.Position, i+1)
				}
			}
		})
	}
}

func TestRealRowsAreExact(t *testing.T) {
	t.Parallel()
	leicester := realTable(t, "en.1", "2015-16", standings.AsOf{})[0]
	want := standings.Row{Position: 1, Team: matches.Side{ID: "Leicester City", Name: "Leicester City"}, Played: 38, Won: 23, Drawn: 12, Lost: 3,
		GoalsFor: 68, GoalsAgainst: 36, GoalDifference: 32, Points: 81, PointsPerGame: 2.132}
	if leicester != want {
		t.Errorf("got %+v, want %+v", leicester, want)
	}
	premierLeague := realTable(t, "en.1", "2023-24", standings.AsOf{})
	if got := find(t, premierLeague, "Everton FC").Deduction; got != 8 {
		t.Errorf("Everton's deduction: got %d, want 8", got)
	}
	if got := find(t, premierLeague, "Nottingham Forest FC").Deduction; got != 4 {
		t.Errorf("Forest's deduction: got %d, want 4", got)
	}
	leagueOne := realTable(t, "en.3", "2019-20", standings.AsOf{})
	if got := leagueOne[0].PointsPerGame; got != 1.971 {
		t.Errorf("Coventry: got %v, want 1.971", got)
	}
	if got := leagueOne[22]; got.PointsPerGame != 0.412 || got.Deduction != 12 {
		t.Errorf("Bolton: got %v and %d, want 0.412 and 12", got.PointsPerGame, got.Deduction)
	}
}

func TestRealAustrianPointsAreHalvedAfterTheRegularSeason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ round, salzburg, mattersburg int }{{22, 55, 29}, {23, 30, 14}, {32, 52, 28}} {
		rows := realTable(t, "at.1", "2018-19", standings.AsOf{Round: &c.round})
		if got := find(t, rows, "RB Salzburg").Points; got != c.salzburg {
			t.Errorf("Salzburg after round %d: got %d, want %d", c.round, got, c.salzburg)
		}
		if got := find(t, rows, "SV Mattersburg").Points; got != c.mattersburg {
			t.Errorf("Mattersburg after round %d: got %d, want %d", c.round, got, c.mattersburg)
		}
	}
}

func TestRealChampionsLeagueGroupsAreRankedSeparately(t *testing.T) {
	t.Parallel()
	rows := realTable(t, "uefa.cl", "2015-16", standings.AsOf{})
	if len(rows) != 32 {
		t.Fatalf("got %d rows, want 32", len(rows))
	}
	var groups []string
	for i, r := range rows {
		if r.Position != i%4+1 || r.Played != 6 {
			t.Errorf("%s: position %d after %d matches", r.Team.Name, r.Position, r.Played)
		}
		if r.Position == 1 {
			groups = append(groups, *r.Group)
		}
	}
	if got, want := strings.Join(groups, ""), "Group AGroup BGroup CGroup DGroup EGroup FGroup GGroup H"; got != want {
		t.Errorf("groups: got %s, want %s", got, want)
	}
	// Roma and Leverkusen had six points each; Leverkusen had the better goal difference.
	expect(t, rows[16:20], []standing{{"FC Barcelona (ESP)", 14}, {"AS Roma (ITA)", 6}, {"Bayer Leverkusen (GER)", 6}, {"BATE Borisov (BLR)", 5}})
	round := 3
	for _, r := range realTable(t, "uefa.cl", "2015-16", standings.AsOf{Round: &round}) {
		if r.Played != 3 {
			t.Errorf("%s after three rounds of a group: got %d matches", r.Team.Name, r.Played)
		}
	}
}

func TestRealCupHasNoStandings(t *testing.T) {
	t.Parallel()
	ms := realSeason(t, "de.cup", "2018-19")
	for _, rules := range []standings.Rules{standings.For("de.cup", "2018-19"), standings.For("", "")} {
		if _, err := standings.Compute(rules, ms, nil, standings.AsOf{}); !errors.Is(err, standings.ErrNoStandings) {
			t.Errorf("got %v, want ErrNoStandings", err)
		}
	}
}

func TestRealSeasonsInProgressHaveATable(t *testing.T) {
	t.Parallel()
	co := realTable(t, "co.1", "2025", standings.AsOf{})
	if len(co) != 20 || co[0].Team.Name != "América de Cali" {
		t.Errorf("Colombia: got %d rows and %s first", len(co), co[0].Team.Name)
	}
	br := realTable(t, "br.1", "2025", standings.AsOf{})
	expect(t, br[:3], []standing{{"CR Flamengo", 79}, {"SE Palmeiras", 76}, {"Cruzeiro EC", 70}})
	date := "2015-12-31"
	rows := realTable(t, "en.1", "2015-16", standings.AsOf{Date: &date})
	expect(t, rows[:2], []standing{{"Arsenal FC", 39}, {"Leicester City", 39}})
	if got := find(t, rows, "Sunderland AFC").Played; got != 19 {
		t.Errorf("Sunderland at the end of 2015: got %d matches, want 19", got)
	}
}
