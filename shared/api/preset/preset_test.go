package preset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func TestEveryPresetCompiles(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		if c, err := preset.Load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.Name != name {
			t.Errorf("preset %s has the name %s", name, c.Name)
		}
	}
}

func TestKeyManagementHas120RequestsAMinuteUnlessTheContractSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil || c.Management != (contract.Budget{Limit: 120, Window: 60}) {
			t.Errorf("%s: got %+v, %v", name, c.Management, err)
		}
	}
	raw, err := os.ReadFile("presets/balla.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := preset.Compile("x.yaml", append(raw, "\nmanagement: 300/min\n"...))
	if err != nil || c.Management != (contract.Budget{Limit: 300, Window: 60}) {
		t.Errorf("with 300/min: got %+v, %v", c, err)
	}
}

func TestInvalidContractIsRefusedWithThePlaceOfTheProblem(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("presets/statgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"base: /v1", "base: v1", "x.yaml:4:7: base"},
		{"title: Statgate", "titel: Statgate", "x.yaml:3:1: unknown field"},
		{"requests: 100/h", "requests: 100/day", "budgets.requests: window must be min or h"},
		{"requests: 100/h", "requests: 100/h, mcp: 3/min", "budgets.mcp: must have the same window as requests"},
		{"requests: 100/h", "requests: 100/h, management: 3/h", "budgets.management: is the name of key management's own budget"},
		{"title: Statgate", "title: Statgate\nmanagement: 100/h", "x.yaml:4:13: management: must be a rate of at least 1/min, got \"100/h\""},
		{"title: Statgate", "title: Statgate\nmanagement: 0/min", "management: must be a rate of at least 1/min"},
		{"title: Statgate", "title: Statgate\nmanagement: 100", "management: must be a rate of at least 1/min"},
		{"title: Statgate", "title: Statgate\nmanagement: many", "management: must be a rate such as"},
		{"random_bytes: 24", "random_bytes: many", "x.yaml:10:17:"},
		{"default_plan: PRO", "default_plan: GOLD", "must be a plan of this contract, got \"GOLD\""},
		{"  listTeams: {}", "  listNothing: {}", "operations.listNothing"},
		{"getLeague: {}", "getLeague: {path: /leagues}", "must have the parameters [league], got []"},
		{"getTeam: {}", "getTeam: {budget: lookups}", "plan FREE has no rate \"lookups\""},
		{"getTeam: {}", "getTeam: {path: \"/football/leagues/{league}\"}", "operations.getTeam.path"},
		{"$next, total: $total", "$nxet, total: $total", "must be one of the slots $items"},
		{"  quota: {status: 429", "  qouta: {status: 429", "conditions.qouta: unknown condition"},
		{"  style: cursor", "  style: page\n  cursor_life: 1h", "paging.cursor_life: requires style cursor"},
		{"  style: cursor", "  style: cursor\n  cursor_life: soon", "must be a duration"},
		{"grants: [\"teams:read\"]", "grants: [\"teams:read\"], needs: luck", "must be one of general, game, got \"luck\""},
		{"over: refuse", "over: refused", "must be one of refuse, clamp"},
		{"grants: [\"teams:read\"]", "grants: [\"keys:write\"]", "belongs to key management"},
		{"name: statgate", "name: [", "x.yaml:"},
		{"style: cursor", "style: cursor\n  count: true", "paging.count: requires style page or offset"},
		{"max_life: 1y", "max_life: 1y\n  expiry_choices: [30d, 2y]", "keys.expiry_choices: must be longer than 0s and at most max_life, got \"2y\""},
		{"max_life: 1y", "max_life: 1y\n  expiry_choices: [soon]", "keys.expiry_choices: must be a duration"},
		{"title: Statgate", "title: Statgate\nids: ulid", "ids: must be one of uuid, got \"ulid\""},
	} {
		if !strings.Contains(string(good), c.old) {
			t.Fatalf("the preset has no %q to replace", c.old)
		}
		_, err := preset.Compile("x.yaml", []byte(strings.Replace(string(good), c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.new, err, c.want)
		}
	}
}

func TestContestListsRequireCursorPagination(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("presets/teambattles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "  cursor_life: 24h\n", "", 1)
	for style, want := range map[string]string{"cursor": "", "page": "operations.listTeamContests: requires paging.style cursor", "offset": "operations.listTeamContests: requires paging.style cursor"} {
		_, err := preset.Compile("x.yaml", []byte(strings.Replace(text, "style: cursor", "style: "+style, 1)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", style, err, want)
		}
	}
}

func TestContractFileOfAnOperatorIsLoaded(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("presets/balla.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(raw), "base: /api", "base: /mine", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := preset.Load(file)
	if err != nil || c.Base != "/mine" {
		t.Errorf("got %v, %v, want base /mine", c, err)
	}
	if _, err := preset.Load("nowhere"); err == nil || !strings.Contains(err.Error(), "statgate") {
		t.Errorf("got %v, want an error that lists the presets", err)
	}
}

func FuzzContractFileNeverPanics(f *testing.F) {
	good, err := os.ReadFile("presets/statgate.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("name: {<<: *x}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, raw []byte) { _, _ = preset.Compile("x.yaml", raw) })
}
