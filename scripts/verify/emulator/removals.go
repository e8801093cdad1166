package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
	"statgate/shared/platform/outputs"
)

// grant is one action of a function's role on one of the stack's stores.
type grant struct{ function, action, store string }

func (g grant) String() string { return fmt.Sprintf("%-12s %-32s %s", g.function, g.action, g.store) }

// storeOf returns the name of the store that a resource belongs to, "" where it is not
// one of the stack's. It tests longer ARNs first. IAM has no resource for ListStreams.
func storeOf(s outputs.Stack, action, resource string) string {
	if action == "dynamodb:ListStreams" {
		return "streams"
	}
	for _, store := range []struct{ name, part string }{
		{"stream", ":table/" + s.StatsTable + "/stream/"}, {"keys", ":table/" + s.KeysTable}, {"stats", ":table/" + s.StatsTable},
		{"peppers", ":secret:" + s.Peppers}, {"dead changes", ":" + s.Name + "-changes-dead"}, {"queue", ":" + s.Name + "-webhooks"}, {"steps", ":" + s.Name + "-replays"},
	} {
		if strings.Contains(resource, store.part) {
			return store.name
		}
	}
	return ""
}

// stringList returns a policy's value, which is a string or a list of strings, as a list.
func stringList(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	var all []string
	list, _ := v.([]any)
	for _, one := range list {
		text, _ := one.(string)
		all = append(all, text)
	}
	return all
}

// iamAction returns the action that IAM requires where the emulator requires this one.
func iamAction(action string) string {
	if action == sendBatchAction {
		return sendAction
	}
	return action
}

// filter returns the role's policy with a statement for each action on each store. It
// leaves out the grants for which keep returns false.
func (r role) filter(s outputs.Stack, keep func(g grant) bool) map[string]any {
	var remaining []any
	statements, _ := r.document["Statement"].([]any)
	for _, one := range statements {
		statement, _ := one.(map[string]any)
		for _, action := range stringList(statement["Action"]) {
			on := map[string][]any{}
			for _, resource := range stringList(statement["Resource"]) {
				store := storeOf(s, action, resource)
				on[store] = append(on[store], resource)
			}
			for _, store := range slices.Sorted(maps.Keys(on)) {
				if store != "" && !keep(grant{r.function, iamAction(action), store}) {
					continue
				}
				changed := maps.Clone(statement)
				changed["Action"], changed["Resource"] = action, on[store]
				remaining = append(remaining, changed)
			}
		}
	}
	return map[string]any{"Version": r.document["Version"], "Statement": remaining}
}

// grants returns the role's grants on the stack's stores.
func (r role) grants(s outputs.Stack) []grant {
	var all []grant
	r.filter(s, func(g grant) bool {
		if !slices.Contains(all, g) {
			all = append(all, g)
		}
		return true
	})
	return all
}

// without returns the role's policy without one grant.
func (r role) without(s outputs.Stack, lost grant) map[string]any {
	return r.filter(s, func(g grant) bool { return g != lost })
}

// detectingCases returns prefixes of the ids of the cases that fail without the grant.
// For a function that is not listed here, these are the cases that call each of its
// routes, some only with an unknown id, and those of the contract's page. Where the
// table says NOTHING, a case is missing here.
func (g grant) detectingCases(contract string) []string {
	action := g.action[strings.IndexByte(g.action, ':')+1:]
	if slices.Contains(ownWebhooks, contract) && (slices.Contains([]string{"fanout", "deliver"}, g.function) || g.function == "webhooks" && action == "SendMessage") {
		return []string{contract + ".webhook."}
	}
	switch {
	case g.function == "play" && action == "DeleteItem":
		return []string{"replay.pause"} // a step back withdraws events
	case g.function == "play":
		return []string{"replay.play"}
	case g.store == "steps":
		return []string{"replay.life"}
	case g.function == "fanout" && g.store == "stats" && action == "BatchGetItem":
		return []string{"webhook.sent.report"} // the event of a report is sent with its match
	case g.function == "fanout" && g.store == "stats":
		return []string{"changes.fed"} // the change feed is appended to
	case g.function == "fanout":
		return []string{"webhook.sent.ended"}
	case g.function == "deliver" && action == "PutItem":
		return []string{"webhook.sent.gone"} // a webhook is disabled
	case g.function == "deliver" && action == "SendMessage":
		return []string{"webhook.sent.again"}
	case g.function == "deliver" || action == "SendMessage":
		return []string{"webhook.sent.test"}
	case g.function == authorizerFunction && action == "UpdateItem":
		return []string{"pepper.moved"}
	case g.function == authorizerFunction:
		return []string{"stale.keys"}
	case g.function == "webhooks" && g.store == "stats":
		return []string{"webhook.sent.filter"} // a webhook that selects teams
	case g.store == "keys" && slices.Contains([]string{"GetItem", "BatchGetItem", "UpdateItem"}, action):
		return []string{"stale." + g.function}
	case g.store == "keys" && action == "PutItem":
		return []string{"gate." + g.function}
	}
	if named, ok := map[string][]string{
		"console": {"session."}, "keys": {"key.create"}, "webhooks": {"webhook.life", "webhook.cap", "webhook.sent.test", contract + ".webhook."}, "audit": {"audit.run"}, "orgs": {"member.owners"},
		"replays": {"replay.life"}, "leagues": {"data.leagues"}, "teams": {"data.teams", "data.filters"}, "matches": {"data.matches", "data.filters", "data.reports", "write."}, "mcp": {"mcp.tools"}, "changes": {"changes."},
	}[g.function]; ok {
		return named
	}
	return []string{"stale." + g.function, "refuse.unknown-id", "data.", contract + "."}
}

// ownWebhooks are the contracts whose webhooks have the cases of their page, and not those of
// the suite.
var ownWebhooks = []string{"teambattles"}

// withPrefixes returns a choice of cases for [suite.Options].
func withPrefixes(prefixes []string) func(id string) bool {
	return func(id string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(id, p) })
	}
}

// removal is the result of the suite while a grant was missing.
type removal struct {
	grant
	failed, why string // the first case or action that failed, and why; "" without failure
	took        time.Duration
}

// detected reports whether the failure is one that the missing grant causes. That is
// Lambda's action itself, a case of webhooks, the change feed or replays for a worker, or a
// 503 answer.
func (r removal) detected() bool {
	switch {
	case r.forLambda():
		return r.failed == r.action
	case sourceOf(r.function) != "":
		return strings.Contains(r.failed, "webhook.") || strings.HasPrefix(r.failed, "changes.fed") || strings.HasPrefix(r.failed, "replay.")
	}
	return r.failed != "" && strings.Contains(r.why, "503")
}

// cachedPolicies is the CDK context under which API Gateway caches policies in every
// contract. Without the cache, a request never has an outdated caller, and the grants for
// reading the caller again are not used.
const cachedPolicies = "edge=true"

// deliveryTimeout is how long a delivery may take with all grants restored. A single one
// takes a fifth of a second, and the second attempt begins six seconds after the first.
const deliveryTimeout = 15 * time.Second

// deliveryTimeout is how long the suite waits for a delivery without the grant.
func (g grant) deliveryTimeout() time.Duration {
	if g.function == "deliver" && g.action == sendAction {
		return deliveryTimeout // the second attempt is missing
	}
	return deliveryTimeout / 3
}

// queueOf returns a closed channel that holds the functions.
func queueOf(functions []string) <-chan string {
	queue := make(chan string, len(functions))
	for _, function := range functions {
		queue <- function
	}
	close(queue)
	return queue
}

// removals removes each grant of the functions from its role, one at a time, and runs the
// cases that must fail. It takes functions from the channel until that is closed. It prints
// the table row by row, and restores the roles.
func (t target) removals(ctx context.Context, out io.Writer, functions <-chan string) ([]removal, error) {
	s, err := outputs.Read(ctx, t.emulator.config(), t.stack)
	if err != nil {
		return nil, err
	}
	c, err := preset.Load(t.contract)
	if err != nil {
		return nil, err
	}
	var all []removal
	var cases []string
	fmt.Fprintf(out, "%-12s %-32s %-12s %s\n", "function", "action removed", "on", "what fails")
	for function := range functions {
		r, err := t.roleOf(ctx, function)
		if err != nil {
			return all, err
		}
		for _, g := range r.grants(s) {
			lost, err := t.measureRemoval(ctx, s, r, g, c.Name)
			if err != nil {
				return all, fmt.Errorf("without %s: %w", g, err)
			}
			fmt.Fprintln(out, lost)
			all, cases = append(all, lost), append(cases, g.detectingCases(c.Name)...)
		}
		failed, err := t.polls(ctx, s, r, r.document)
		if err == nil && failed != "" {
			err = fmt.Errorf("the action %s is denied to Lambda for %s", failed, function)
		}
		if err != nil {
			return all, fmt.Errorf("with all grants restored: %w", err)
		}
	}
	var report strings.Builder
	result, err := t.suite(ctx, s, suite.Options{Out: &report, Only: withPrefixes(cases), Patience: deliveryTimeout})
	if err == nil && result.Failed > 0 {
		err = fmt.Errorf("with all grants restored:\n%s", report.String())
	}
	return all, err
}

func (r removal) String() string {
	failed := r.failed
	if failed == "" {
		failed = "NOTHING"
	}
	return fmt.Sprintf("%-12s %-32s %-12s %s (%s)", r.function, r.action, r.store, failed, r.took.Round(10*time.Millisecond))
}

// measureRemoval runs the cases without a grant, and restores it.
func (t target) measureRemoval(ctx context.Context, s outputs.Stack, r role, g grant, contract string) (lost removal, err error) {
	lost = removal{grant: g}
	begun := time.Now()
	defer func() { lost.took = time.Since(begun) }()
	if g.forLambda() {
		lost.failed, err = t.polls(ctx, s, r, r.without(s, g))
		return lost, err
	}
	if err := t.put(ctx, r, r.without(s, g)); err != nil {
		return lost, err
	}
	defer func() {
		if restored := t.put(context.WithoutCancel(ctx), r, r.document); err == nil {
			err = restored
		}
	}()
	result, err := t.suite(ctx, s, suite.Options{Out: io.Discard, Only: withPrefixes(g.detectingCases(contract)), Patience: g.deliveryTimeout()})
	lost.failed, lost.why = firstFailure(result)
	return lost, err
}

// firstFailure returns the first failed case by id, and why it failed. It returns the
// clean-up only where nothing else failed.
func firstFailure(r suite.Result) (id, why string) {
	for name, text := range r.Failures {
		if id == "" || id == "cleanup" || name != "cleanup" && name < id {
			id, why = name, text
		}
	}
	return id, why
}

// iamTable deploys, prints the table, and fails where no case detects a missing grant.
func (t target) iamTable(ctx context.Context, out io.Writer) error {
	t.context = append(t.context, cachedPolicies)
	if _, err := t.up(ctx); err != nil {
		return err
	}
	c, err := preset.Load(t.contract)
	if err != nil {
		return err
	}
	all, err := t.removals(ctx, out, queueOf(functionsOf(c)))
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.detected() {
			return fmt.Errorf("without %s the suite does not fail as expected: %q", r.grant, r.why)
		}
	}
	fmt.Fprintf(out, "%d grants, and the suite detects when any is missing\n", len(all))
	return nil
}
