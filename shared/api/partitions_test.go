package api_test

import (
	"slices"
	"testing"

	"statgate/shared/api"
)

// TestEveryOperationThatTakesAnIdempotencyKeyMayClaimIt compares the two tables of operations.
// IAM would refuse the claim of an operation whose row lacks the partition.
func TestEveryOperationThatTakesAnIdempotencyKeyMayClaimIt(t *testing.T) {
	t.Parallel()
	for _, r := range api.Routes {
		takes := r.Repeat() != api.NotRepeatable
		if claims := slices.Contains(r.Partitions().Keys, "IDEMPOTENCY#*"); claims != takes {
			t.Errorf("%s takes an Idempotency-Key: %v, may claim it in the keys table: %v", r.Operation, takes, claims)
		}
		answers := slices.Contains(r.Partitions().Stats, "IDEMPOTENCY#*")
		if writes := slices.Contains(r.Stats, api.PutItem); answers != (takes && writes) {
			t.Errorf("%s may store the answer of an Idempotency-Key beside the data: %v, want %v", r.Operation, answers, takes && writes)
		}
	}
}
