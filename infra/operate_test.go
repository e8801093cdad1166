package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const (
	edgeCertificate  = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
	otherCertificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"
)

// propsErrorIn returns the error of reading a context for a deployment to a region.
func propsErrorIn(t *testing.T, region string, context map[string]any) error {
	t.Helper()
	raw, err := json.Marshal(context)
	if err != nil {
		t.Fatal(err)
	}
	read, err := readSettings(func(name string) string {
		return map[string]string{"CDK_CONTEXT_JSON": string(raw), "CDK_DEFAULT_REGION": region}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = read.props()
	return err
}

func TestEdgeIsDeployedIfTheContractNeedsOneUnlessTheFlagSaysOtherwise(t *testing.T) {
	for _, c := range []struct {
		contract string
		edge     any
		want     bool
	}{
		{"statgate", nil, true}, {"statgate", false, false}, {"statgate", "true", true},
		{"balla", nil, false}, {"balla", true, true}, {"balla", "false", false},
	} {
		context := map[string]any{"contract": c.contract}
		if c.edge != nil {
			context["edge"] = c.edge
		}
		p, _, err := readProps(t, context)
		if err != nil || p.Edge.Deployed != c.want {
			t.Errorf("%s, edge %v: got %v, %v, want %v", c.contract, c.edge, p.Edge.Deployed, err, c.want)
		}
	}
}

func TestEveryOperatorFlagIsRead(t *testing.T) {
	err := propsErrorIn(t, "us-east-1", map[string]any{
		"waf": true, "domain": "api.example.com", "certificate": edgeCertificate,
		"alarm_email": "ops@example.com", "budget_usd": 50, "access_logs": "true",
	})
	if err != nil {
		t.Error(err)
	}
	if err := propsErrorIn(t, "eu-west-1", map[string]any{"contract": "balla", "domain": "api.example.com", "certificate": otherCertificate}); err != nil {
		t.Errorf("a domain without an edge: %v", err)
	}
}

func TestInvalidOperatorFlagsAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		region  string
		context map[string]any
		want    string
	}{
		{"eu-west-1", map[string]any{"waf": true}, `-c waf=true: CloudFront requires web rules in us-east-1, but the region of this stack is "eu-west-1"`},
		{"", map[string]any{"waf": true}, `us-east-1, but the region of this stack is ""`},
		{"us-east-1", map[string]any{"waf": true, "edge": false}, "-c waf=true: web rules need an edge"},
		{"us-east-1", map[string]any{"waf": true, "contract": "balla"}, "add -c edge=true"},
		{"us-east-1", map[string]any{"waf": "yes"}, "-c waf=yes"},
		{"us-east-1", map[string]any{"domain": "api.example.com"}, "-c certificate=: must be the ARN of the ACM certificate of api.example.com"},
		{"us-east-1", map[string]any{"domain": "https://api.example.com", "certificate": edgeCertificate}, "-c domain=https://api.example.com"},
		{"us-east-1", map[string]any{"certificate": edgeCertificate}, "-c domain="},
		{"eu-west-1", map[string]any{"domain": "api.example.com", "certificate": otherCertificate}, "CloudFront requires a certificate in us-east-1"},
		{"eu-west-1", map[string]any{"contract": "balla", "domain": "api.example.com", "certificate": edgeCertificate}, "must be in the stack's region, eu-west-1"},
		{"", map[string]any{"alarm_email": "ops"}, "-c alarm_email=ops"},
		{"", map[string]any{"alarm_email": "Ops <ops@example.com>"}, "-c alarm_email="},
		{"", map[string]any{"budget_usd": 10}, "add -c alarm_email="},
		{"", map[string]any{"budget_usd": "1.5", "alarm_email": "ops@example.com"}, "-c budget_usd=1.5"},
		{"", map[string]any{"budget_usd": -1}, "-c budget_usd=-1"},
		{"", map[string]any{"access_logs": "on"}, "-c access_logs=on"},
	} {
		if err := propsErrorIn(t, c.region, c.context); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", fmt.Sprint(c.context), err, c.want)
		}
	}
}

var flagRow = regexp.MustCompile("(?m)^\\| `-c ([a-z_]+)=[^`]*` \\|")

func TestOperationsPageListsExactlyTheFlags(t *testing.T) {
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range flagRow.FindAllSubmatch(page, -1) {
		listed[string(m[1])] = true
	}
	for name := range known {
		if !listed[name] {
			t.Errorf("docs/operations.md has no row for -c %s=", name)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("docs/operations.md has a row for -c %s=, which does not exist", name)
	}
}
