package api

import (
	"slices"
	"strings"
)

// Partitions are patterns of the partitions that an operation or a worker writes, by table.
// IAM limits the writing actions of a function to those of its operations, so that a
// function that is taken over cannot write the items of others. The patterns are those of
// the condition key dynamodb:LeadingKeys: "KEY#*" matches every partition of a key.
type Partitions struct{ Keys, Stats []string }

// GatePartitions are the partitions of the keys table that every function with a key writes:
// the gate, closed hours of usage, and the key that signs cursors.
var GatePartitions = []string{"GATE#*", "SETTING#cursor", "USAGE#*"}

// Partitions returns what the operation writes, the gate's partitions included.
func (r Route) Partitions() Partitions {
	p := written[r.Operation]
	if !r.Open {
		p.Keys = append(slices.Clone(p.Keys), GatePartitions...)
	}
	return p
}

// Partitions returns what the worker writes.
func (w Worker) Partitions() Partitions { return w.Writes }

// audited returns the patterns of kinds of partitions and of an audit entry. In the stats
// table, where no index serves a target, an entry has a copy per target.
func audited(kinds ...string) []string {
	return patterns(append([]string{"AUDIT", "ACTOR"}, kinds...)...)
}

func patterns(kinds ...string) []string {
	all := make([]string, len(kinds))
	for i, kind := range kinds {
		all[i] = kind + "#*"
	}
	return all
}

// WritesTo reports whether a pattern of Partitions matches a partition.
func WritesTo(pattern, partition string) bool {
	prefix, any := strings.CutSuffix(pattern, "*")
	return pattern == partition || any && strings.HasPrefix(partition, prefix)
}

// written has the partitions of each operation that writes any, apart from the gate's. Those
// of workers are in their rows. A test records the partitions that each operation writes while the suite runs and
// compares them.
var written = map[string]Partitions{
	"createMatch":    {Keys: patterns("IDEMPOTENCY"), Stats: audited("COUNT", "IDEMPOTENCY", "MATCH", "OWNTEAMS", "TARGET")},
	"updateMatch":    {Stats: audited("COUNT", "MATCH", "TARGET")},
	"deleteMatch":    {Stats: audited("COUNT", "MATCH", "TARGET")},
	"createReplay":   {Keys: patterns("IDEMPOTENCY"), Stats: append(audited("IDEMPOTENCY", "MATCH", "REPLAYS", "TARGET"), "REPLAYING")},
	"updateReplay":   {Stats: audited("REPLAYS", "TARGET")},
	"deleteReplay":   {Stats: append(audited("MATCH", "REPLAYS", "TARGET"), "REPLAYING")},
	"createContest":  {Keys: patterns("IDEMPOTENCY"), Stats: audited("CONTEST", "CONTESTS", "IDEMPOTENCY", "TARGET")},
	"moveContest":    {Stats: audited("CONTEST", "TARGET")},
	"scoreContest":   {Stats: audited("CONTEST", "TARGET")},
	"forfeitContest": {Keys: patterns("IDEMPOTENCY"), Stats: audited("CONTEST", "IDEMPOTENCY", "TARGET")},
	"agreeContest":   {Stats: audited("CONTEST", "TARGET")},
	"putContestant":  {Stats: audited("CONTESTANT", "TARGET")},

	"createKey":   {Keys: audited("IDEMPOTENCY", "KEY", "ORG", "SECRET")},
	"updateKey":   {Keys: audited("ORG")},
	"rotateKey":   {Keys: audited("IDEMPOTENCY", "ORG", "SECRET")},
	"revokeKey":   {Keys: audited("ORG")},
	"revokeSelf":  {Keys: audited("ORG")},
	"createToken": {Keys: audited("IDEMPOTENCY", "KEY", "SECRET")},

	"endSession":       {Keys: audited("ORG")},
	"endSessions":      {Keys: audited("ORG")},
	"createPortalLink": {Keys: audited("LINK")},
	"startSession":     {Keys: audited("ATTEMPTS", "GATE", "LINK", "OIDC", "ORG", "SECRET")},
	"renewSession":     {Keys: patterns("ORG", "SECRET")},
	"closeSession":     {Keys: audited("GATE", "ORG")},

	"createOrg":         {Keys: audited("ORG")},
	"updateOrg":         {Keys: audited("ORG")},
	"visitOrg":          {Keys: audited("VISIT")},
	"addMember":         {Keys: audited("ORG")},
	"updateMember":      {Keys: audited("ORG")},
	"removeMember":      {Keys: audited("ORG")},
	"putConnections":    {Keys: audited("ORG")},
	"createApplication": {Keys: audited("APPLICATION", "ORG")},
	"decideApplication": {Keys: audited("APPLICATION", "ORG")},

	"createWebhook":  {Keys: audited("IDEMPOTENCY", "WEBHOOKS")},
	"updateWebhook":  {Keys: audited("WEBHOOKS")},
	"deleteWebhook":  {Keys: audited("WEBHOOKS")},
	"rotateWebhook":  {Keys: audited("IDEMPOTENCY", "WEBHOOKS")},
	"createDelivery": {Keys: patterns("WEBHOOK")},
	"testWebhook":    {Keys: patterns("WEBHOOK")},
	"replayDelivery": {Keys: patterns("WEBHOOK")},
}
