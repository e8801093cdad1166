package stack_test

import (
	"testing"

	"statgate/infra/stack"
)

// referring returns the template of a stack that uses existing data.
func referring(t *testing.T, existing stack.Existing) template {
	t.Helper()
	c := presetOf(t, "statgate")
	return synth(t, "Statgate", stack.Props{Contract: c, Environment: "live", Arch: "arm64", Existing: existing})
}

func TestAdoptingStackUsesTheDataOfAnEarlierStackOfItsName(t *testing.T) {
	tmpl := referring(t, stack.Existing{Adopt: true})
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"} {
		if got := len(tmpl.of(kind)); got != 0 {
			t.Errorf("got %d of %s, want none, as they exist already", got, kind)
		}
	}
	for output, want := range map[string]string{
		"KeysTableName": "Statgate-keys", "StatsTableName": "Statgate-stats", "PeppersName": "Statgate-peppers",
	} {
		if got := tmpl.Outputs[output].Value; got != want {
			t.Errorf("%s: got %v, want %s", output, got, want)
		}
	}
}

func TestRestoredTableReplacesOnlyTheStacksOwn(t *testing.T) {
	tmpl := referring(t, stack.Existing{Keys: "restored-keys"})
	if got, want := tmpl.Outputs["KeysTableName"].Value, "restored-keys"; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	tables := tmpl.of("AWS::DynamoDB::Table")
	for _, r := range tables {
		if got, want := r.Properties["TableName"], "Statgate-stats"; got != want || len(tables) != 1 {
			t.Errorf("got %d tables and %v, want %s alone", len(tables), got, want)
		}
	}
	if got := len(tmpl.of("AWS::SecretsManager::Secret")); got != 1 {
		t.Errorf("got %d secrets, want the stack's own", got)
	}
	both := referring(t, stack.Existing{Adopt: true, Stats: "restored-stats"})
	if got := []any{both.Outputs["KeysTableName"].Value, both.Outputs["StatsTableName"].Value}; got[0] != "Statgate-keys" || got[1] != "restored-stats" {
		t.Errorf("adopting with a restored table: got %v", got)
	}
}
