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
type grant struct{ function, action, on string }

func (g grant) String() string { return fmt.Sprintf("%-12s %-32s %s", g.function, g.action, g.on) }

// storeOf names what an action is allowed on, as far as it is one of the stack's
// stores: of their ARNs, those that say more come first. IAM knows no resource of
// ListStreams.
func storeOf(s outputs.Stack, action, resource string) string {
	if action == "dynamodb:ListStreams" {
		return "streams"
	}
	for _, store := range []struct{ name, part string }{
		{"stream", ":table/" + s.StatsTable + "/stream/"}, {"keys", ":table/" + s.KeysTable}, {"stats", ":table/" + s.StatsTable},
		{"peppers", ":secret:" + s.Peppers}, {"dead changes", ":" + s.Name + "-changes-dead"}, {"queue", ":" + s.Name + "-webhooks"},
	} {
		if strings.Contains(resource, store.part) {
			return store.name
		}
	}
	return ""
}

// texts is a policy's text, or list of them.
func texts(v any) []string {
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

// granted is the action that IAM asks of the role for one that the emulator asks of it.
func granted(action string) string {
	if action == sendSeveral {
		return send
	}
	return action
}

// visit shows each action on each store, and keeps what keep says. What remains is
// a statement for each.
func (r role) visit(s outputs.Stack, keep func(g grant) bool) map[string]any {
	var kept []any
	statements, _ := r.document["Statement"].([]any)
	for _, one := range statements {
		statement, _ := one.(map[string]any)
		for _, action := range texts(statement["Action"]) {
			on := map[string][]any{}
			for _, resource := range texts(statement["Resource"]) {
				store := storeOf(s, action, resource)
				on[store] = append(on[store], resource)
			}
			for _, store := range slices.Sorted(maps.Keys(on)) {
				if store != "" && !keep(grant{r.function, granted(action), store}) {
					continue
				}
				changed := maps.Clone(statement)
				changed["Action"], changed["Resource"] = action, on[store]
				kept = append(kept, changed)
			}
		}
	}
	return map[string]any{"Version": r.document["Version"], "Statement": kept}
}

// grants lists what the role may do with the stack's stores.
func (r role) grants(s outputs.Stack) []grant {
	var all []grant
	r.visit(s, func(g grant) bool {
		if !slices.Contains(all, g) {
			all = append(all, g)
		}
		return true
	})
	return all
}

// without is the role's policy less one grant.
func (r role) without(s outputs.Stack, lost grant) map[string]any {
	return r.visit(s, func(g grant) bool { return g != lost })
}

// noticing are the beginnings of the names of the cases that find a grant missing.
// Of a function that is not named here it is those that call each of its routes, if
// only for what is unknown, and the facts of the contract's page; where they do not,
// the table says NOTHING, and another belongs here.
func (g grant) noticing(contract string) []string {
	action := g.action[strings.IndexByte(g.action, ':')+1:]
	switch {
	case g.function == "fanout" && g.on == "stats":
		return []string{"webhook.sent.report"} // an event of a match is sent with the match
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
	case g.on == "keys" && slices.Contains([]string{"GetItem", "BatchGetItem", "UpdateItem"}, action):
		return []string{"stale." + g.function}
	case g.on == "keys" && action == "PutItem":
		return []string{"hour." + g.function}
	}
	if named, ok := map[string][]string{
		"keys": {"key.create"}, "webhooks": {"webhook.life", "webhook.cap", "webhook.sent.test"}, "audit": {"audit.run"}, "orgs": {"member.owners"},
		"leagues": {"data.leagues"}, "teams": {"data.teams", "data.filters"}, "matches": {"data.matches", "data.filters", "data.reports", "write."},
	}[g.function]; ok {
		return named
	}
	return []string{"stale." + g.function, "refuse.unknown-id", "data.", contract + "."}
}

// chosen is the choice of cases for [suite.Options].
func chosen(prefixes []string) func(id string) bool {
	return func(id string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(id, p) })
	}
}

// removal is what the suite said while a grant was missing.
type removal struct {
	grant
	failed, why string // the case that failed first, and why; "" where none did
	took        time.Duration
}

// ours tells whether what failed is what a missing grant makes fail: the very action
// of Lambda's, a webhook that is not served as it should be, or a call that is answered with 503.
func (r removal) ours() bool {
	switch {
	case r.polled():
		return r.failed == r.action
	case sourceOf(r.function) != "":
		return strings.HasPrefix(r.failed, "webhook.")
	}
	return r.failed != "" && strings.Contains(r.why, "503")
}

// cached is the context under which API Gateway keeps policies in every contract:
// where it does not, no caller is stale, and what reads them again is not needed.
const cached = "edge=true"

// patience is how long a delivery may take when all grants are back. Alone it takes a
// fifth of a second, and a second attempt begins six seconds after the first.
const patience = 15 * time.Second

// patience is how long a delivery may take that the grant is missing for.
func (g grant) patience() time.Duration {
	if g.function == "deliver" && g.action == send {
		return patience // it is the second attempt that does not come
	}
	return patience / 3
}

// removals takes each grant from its role, one at a time, and holds the deployment
// to the cases that must notice. It prints the table as it goes, and leaves the
// roles as it found them.
func (t target) removals(ctx context.Context, out io.Writer) ([]removal, error) {
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
	for _, function := range functionsOf(c) {
		r, err := t.roleOf(ctx, function)
		if err != nil {
			return all, err
		}
		for _, g := range r.grants(s) {
			lost, err := t.removed(ctx, s, r, g, c.Name)
			if err != nil {
				return all, fmt.Errorf("without %s: %w", g, err)
			}
			fmt.Fprintln(out, lost)
			all, cases = append(all, lost), append(cases, g.noticing(c.Name)...)
		}
		failed, err := t.polls(ctx, s, r, r.document)
		if err == nil && failed != "" {
			err = fmt.Errorf("%s is forbidden to Lambda for %s", failed, function)
		}
		if err != nil {
			return all, fmt.Errorf("with all grants back: %w", err)
		}
	}
	var said strings.Builder
	result, err := t.suite(ctx, s, suite.Options{Out: &said, Only: chosen(cases), Patience: patience})
	if err == nil && result.Failed > 0 {
		err = fmt.Errorf("with all grants back:\n%s", said.String())
	}
	return all, err
}

func (r removal) String() string {
	failed := r.failed
	if failed == "" {
		failed = "NOTHING"
	}
	return fmt.Sprintf("%-12s %-32s %-12s %s (%s)", r.function, r.action, r.on, failed, r.took.Round(10*time.Millisecond))
}

// removed runs the cases without a grant, and gives it back.
func (t target) removed(ctx context.Context, s outputs.Stack, r role, g grant, contract string) (lost removal, err error) {
	lost = removal{grant: g}
	begun := time.Now()
	defer func() { lost.took = time.Since(begun) }()
	if g.polled() {
		lost.failed, err = t.polls(ctx, s, r, r.without(s, g))
		return lost, err
	}
	if err := t.put(ctx, r, r.without(s, g)); err != nil {
		return lost, err
	}
	defer func() {
		if back := t.put(context.WithoutCancel(ctx), r, r.document); err == nil {
			err = back
		}
	}()
	result, err := t.suite(ctx, s, suite.Options{Out: io.Discard, Only: chosen(g.noticing(contract)), Patience: g.patience()})
	lost.failed, lost.why = firstFailure(result)
	return lost, err
}

// firstFailure is the case that says most of why a run failed: not the cleaning up,
// where another one failed before.
func firstFailure(r suite.Result) (id, why string) {
	for name, text := range r.Failures {
		if id == "" || id == "cleanup" || name != "cleanup" && name < id {
			id, why = name, text
		}
	}
	return id, why
}

// iamTable deploys, prints the table, and fails where a grant can go unnoticed.
func (t target) iamTable(ctx context.Context, out io.Writer) error {
	t.context = append(t.context, cached)
	if _, err := t.up(ctx); err != nil {
		return err
	}
	all, err := t.removals(ctx, out)
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.ours() {
			return fmt.Errorf("without %s the suite says %q", r.grant, r.why)
		}
	}
	fmt.Fprintf(out, "%d grants, and the suite misses each\n", len(all))
	return nil
}
