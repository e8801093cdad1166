package stack_test

import (
	"testing"

	"statgate/infra/stack"
)

// referring is a template of a stack that uses data that is there already.
func referring(t *testing.T, kept stack.Kept) template {
	t.Helper()
	c := presetOf(t, "statgate")
	return synth(t, "Statgate", stack.Props{Contract: c, Environment: "live", Arch: "arm64", Kept: kept})
}

func TestAnAdoptingStackUsesTheDataThatAStackOfItsNameLeftBehind(t *testing.T) {
	made := referring(t, stack.Kept{Adopt: true})
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"} {
		if got := len(made.of(kind)); got != 0 {
			t.Errorf("got %d of %s, want none: making them would fail, as they are there", got, kind)
		}
	}
	for output, want := range map[string]string{
		"KeysTableName": "Statgate-keys", "StatsTableName": "Statgate-stats", "PeppersName": "Statgate-peppers",
	} {
		if got := made.Outputs[output].Value; got != want {
			t.Errorf("%s: got %v, want %s", output, got, want)
		}
	}
}

func TestARestoredTableTakesThePlaceOfTheStacksOwnAndOfNoOther(t *testing.T) {
	made := referring(t, stack.Kept{Keys: "restored-keys"})
	if got, want := made.Outputs["KeysTableName"].Value, "restored-keys"; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	tables := made.of("AWS::DynamoDB::Table")
	for _, r := range tables {
		if got, want := r.Properties["TableName"], "Statgate-stats"; got != want || len(tables) != 1 {
			t.Errorf("got %d tables and %v, want %s alone", len(tables), got, want)
		}
	}
	if got := len(made.of("AWS::SecretsManager::Secret")); got != 1 {
		t.Errorf("got %d secrets, want the stack's own", got)
	}
	both := referring(t, stack.Kept{Adopt: true, Stats: "restored-stats"})
	if got := []any{both.Outputs["KeysTableName"].Value, both.Outputs["StatsTableName"].Value}; got[0] != "Statgate-keys" || got[1] != "restored-stats" {
		t.Errorf("adopting with a restored table: got %v", got)
	}
}
