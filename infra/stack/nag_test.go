package stack_test

import "testing"

func TestTheStackBreaksNoRuleOfAwsSolutionsWithoutAReason(t *testing.T) {
	eachVariant(t, func(t *testing.T, tmpl template) {
		for _, f := range tmpl.findings {
			t.Error(f)
		}
	})
}

func TestEveryExceptionIsNeededByADeployment(t *testing.T) {
	listed, needed := map[string]bool{}, map[string]bool{}
	eachVariant(t, func(t *testing.T, tmpl template) {
		rules, _ := dig(tmpl.Metadata, "cdk_nag", "rules_to_suppress").([]any)
		for _, r := range rules {
			if reason, _ := dig(r, "reason").(string); len(reason) < 20 {
				t.Errorf("%v: got reason %q, want a sentence", dig(r, "id"), reason)
			}
			listed[dig(r, "id").(string)] = true
		}
		for rule := range tmpl.excused {
			needed[rule] = true
		}
	})
	for rule := range listed {
		if !needed[rule] {
			t.Errorf("no deployment breaks %s: remove its exception", rule)
		}
	}
	if len(listed) == 0 {
		t.Error("the templates have no exceptions")
	}
}
