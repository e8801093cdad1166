package stack_test

import "testing"

func TestTheStackBreaksNoRuleOfAwsSolutionsWithoutAReason(t *testing.T) {
	eachVariant(t, func(t *testing.T, made template) {
		for _, f := range made.findings {
			t.Error(f)
		}
	})
}

func TestEveryExceptionFromARuleIsOneThatSomeDeploymentNeeds(t *testing.T) {
	listed, needed := map[string]bool{}, map[string]bool{}
	eachVariant(t, func(t *testing.T, made template) {
		rules, _ := dig(made.Metadata, "cdk_nag", "rules_to_suppress").([]any)
		for _, r := range rules {
			if reason, _ := dig(r, "reason").(string); len(reason) < 20 {
				t.Errorf("%v: got reason %q, want a sentence", dig(r, "id"), reason)
			}
			listed[dig(r, "id").(string)] = true
		}
		for rule := range made.excused {
			needed[rule] = true
		}
	})
	for rule := range listed {
		if !needed[rule] {
			t.Errorf("no deployment breaks %s: its exception is in the way of whoever will", rule)
		}
	}
	if len(listed) == 0 {
		t.Error("there is no exception in the templates")
	}
}
