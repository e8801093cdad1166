package mcp

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/functions/mcp"
	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// site is a deployment of one contract with an MCP server, as a developer runs it: pages of
// other origins are refused.
type site struct {
	*deploymenttest.Fixture
	name  string
	path  string   // of the server
	tools []string // that the server has, in the order of its list
	facts facts
}

// facts are what the arguments of tools name.
type facts struct {
	league, season, match, date string
	team, teamName              string
	otherName                   string
}

// sites starts a deployment of each contract that has an MCP server.
func sites(t *testing.T) []*site {
	t.Helper()
	var all []*site
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.MCP.Offers) > 0 {
			all = append(all, start(t, name))
		}
	}
	if len(all) != 2 {
		t.Fatalf("%d contracts have an MCP server, want 2", len(all))
	}
	return all
}

func start(t *testing.T, name string) *site {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &site{name: name, Fixture: deploymenttest.With(t, name, map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}, deploymenttest.Setup{MCPOrigins: mcp.Origins{Loopback: true}})}
	s.Simulate(t)
	s.path = s.route(t, api.CallMCP).Path
	for _, tool := range tools.All(tools.NewDeps(s.Contract, s.Stats, s.Clock.Now)) {
		s.tools = append(s.tools, tool.Name)
	}
	slices.Sort(s.tools)
	s.facts = s.learn(t)
	s.addPlayer(t)
	return s
}

// learn returns facts of the simulated league: of its last match that was played.
func (s *site) learn(t *testing.T) facts {
	t.Helper()
	sim := simulation.New(1, s.Clock.Now())
	league, season := sim.League.ID, sim.Seasons[len(sim.Seasons)-1].ID
	stored, err := matches.NewStore(s.Stats, s.Clock.Now).Public().Season(t.Context(), league, season)
	if err != nil {
		t.Fatal(err)
	}
	f := facts{league: league, season: season}
	latest := ""
	for _, m := range stored {
		if m.Status == matches.Finished && m.Date > latest {
			latest, f.match, f.date, f.team, f.teamName, f.otherName = m.Date, m.ID, m.Date, m.Home.ID, m.Home.Name, m.Away.Name
		}
	}
	if f.match == "" {
		t.Fatal("no match was played in the simulated season")
	}
	return f
}

// playerName is the name of a player of the team that the facts name.
const playerName = "Ada Lindqvist"

// addPlayer stores the player: the simulated league has none.
func (s *site) addPlayer(t *testing.T) {
	t.Helper()
	store := players.NewStore(s.Stats)
	ids, _, err := store.Put(t.Context(), "test", []players.Stated{{Key: "1", Name: playerName, Team: &s.facts.team, TeamAt: s.facts.date + "T15:00:00Z"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Record(t.Context(), players.Match{Source: "test", Key: "1", League: s.facts.league, Season: s.facts.season,
		Appearances: []players.Appearance{{Player: ids["1"], Team: s.facts.team, Goals: 2}}}); err != nil {
		t.Fatal(err)
	}
}

func (s *site) route(t *testing.T, operation string) api.Route {
	t.Helper()
	for _, r := range api.For(s.Contract) {
		if r.Operation == operation {
			return r
		}
	}
	t.Fatalf("%s has no operation %s", s.name, operation)
	return api.Route{}
}

// revoke revokes a key.
func (s *site) revoke(t *testing.T, key string) {
	t.Helper()
	r := s.route(t, "revokeKey")
	if got := s.Call(t, s.Operator, r.Method, strings.TrimPrefix(strings.Replace(r.Path, "{key}", key, 1), s.Contract.Base), ""); got.Status >= 300 {
		t.Fatalf("revoking a key: %d %s", got.Status, got.Body)
	}
}

// visit is one request of a client and its response.
type visit struct {
	method, path, rpc, accept string
	status                    int
	session                   string
	seconds                   string // Retry-After
}

// visited is a server in front of a deployment that notes the requests.
type visited struct {
	url    string
	mu     sync.Mutex
	visits []visit
}

// watch starts a server that passes requests on to a handler.
func watch(t *testing.T, h http.Handler) *visited {
	t.Helper()
	v := &visited{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var envelope struct{ Method string }
		_ = json.Unmarshal(body, &envelope) // other bodies have no method
		noted := &status{ResponseWriter: w}
		h.ServeHTTP(noted, r)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.visits = append(v.visits, visit{r.Method, r.URL.Path, envelope.Method, r.Header.Get("Accept"), noted.code,
			w.Header().Get("Mcp-Session-Id"), w.Header().Get("Retry-After")})
	}))
	t.Cleanup(server.Close)
	v.url = server.URL
	return v
}

// all returns the requests until now.
func (v *visited) all() []visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.visits)
}

// since returns the requests after the first n.
func (v *visited) since(n int) []visit { return v.all()[n:] }

// status is a ResponseWriter that notes the status.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (s *status) Write(p []byte) (int, error) {
	if s.code == 0 {
		s.code = http.StatusOK
	}
	return s.ResponseWriter.Write(p)
}

func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// freshWindow moves the clock to the begin of a quota window, so that none ends during a test.
func (s *site) freshWindow() {
	now := s.Clock.Now()
	s.Clock.Advance(now.Truncate(time.Hour).Add(time.Hour).Sub(now))
}
