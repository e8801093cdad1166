package api_test

import (
	"maps"
	"slices"
	"testing"

	"statgate/shared/api"
)

func TestErrorsUseTheNamesOfTheContract(t *testing.T) {
	t.Parallel()
	names := map[string]string{"league": "league_id", "from": "fromDay", "maps": "games"}
	for _, c := range []struct {
		err     *api.Error
		message string
		fields  []string
	}{
		{api.Fail(api.InputFilter, "season requires league; supported: no filter, league (and season)"), "season requires league_id; supported: no filter, league_id (and season)", nil},
		{api.Fail(api.InputFilter, "from and to go together; leagues stay"), "fromDay and to go together; leagues stay", nil},
		{api.Fail(api.NotFound, "no such league"), "no such league", nil},
		{api.Wrong(api.InputDate, "from", "is from no calendar"), "fromDay: is from no calendar", []string{"fromDay"}},
		{api.FieldError("maps[2].home", "is missing"), "validation failed", []string{"games[2].home"}},
		{api.FieldError("mapset", "is missing"), "validation failed", []string{"mapset"}},
	} {
		got := c.err.Named(names)
		if fields := slices.Sorted(maps.Keys(got.Fields)); got.Message != c.message || !slices.Equal(fields, c.fields) {
			t.Errorf("%s: got message %q and fields %v, want %q and %v", c.err.Message, got.Message, fields, c.message, c.fields)
		}
	}
}
