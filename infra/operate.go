package main

import (
	"fmt"
	"net/mail"
	"regexp"
	"strconv"

	"statgate/infra/stack"
	"statgate/shared/contract"
	"statgate/shared/platform/edge"
)

var (
	domainName  = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	certificate = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
)

// edgeRegion is the region whose certificates and web rules CloudFront uses.
const edgeRegion = "us-east-1"

// edge reads the settings of the edge: distribution, web rules and domain.
func (s settings) edge(c *contract.Contract, e *stack.Edge) (err error) {
	e.Deployed = edge.Needed(c)
	if s["edge"] != "" {
		if e.Deployed, err = s.boolean("edge"); err != nil {
			return err
		}
	}
	if e.WAF, err = s.boolean("waf"); err != nil {
		return err
	}
	if e.WAF && !e.Deployed {
		return fmt.Errorf("-c waf=true: web rules need an edge, and this deployment has none: add -c edge=true")
	}
	if e.WAF && s["region"] != edgeRegion {
		return fmt.Errorf("-c waf=true: CloudFront requires web rules in %s, but the region of this stack is %q: deploy it to %s or drop -c waf",
			edgeRegion, s["region"], edgeRegion)
	}
	return s.domain(e)
}

// domain reads and checks the domain and its certificate.
func (s settings) domain(e *stack.Edge) error {
	e.Domain, e.Certificate = s["domain"], s["certificate"]
	if e.Domain == "" && e.Certificate == "" {
		return nil
	}
	if !domainName.MatchString(e.Domain) {
		return fmt.Errorf("-c domain=%s: must be a domain name in lower case, such as api.example.com; -c certificate= needs one", e.Domain)
	}
	m := certificate.FindStringSubmatch(e.Certificate)
	if m == nil {
		return fmt.Errorf("-c certificate=%s: must be the ARN of the ACM certificate of %s", e.Certificate, e.Domain)
	}
	if e.Deployed && m[1] != edgeRegion {
		return fmt.Errorf("-c certificate=%s: CloudFront requires a certificate in %s", e.Certificate, edgeRegion)
	}
	if !e.Deployed && s["region"] != "" && m[1] != s["region"] {
		return fmt.Errorf("-c certificate=%s: without an edge the certificate must be in the stack's region, %s", e.Certificate, s["region"])
	}
	return nil
}

// watch reads the settings of alarms, budget and access logs.
func (s settings) watch(w *stack.Watch) (err error) {
	if w.AccessLogs, err = s.boolean("access_logs"); err != nil {
		return err
	}
	if w.Email = s["alarm_email"]; w.Email != "" {
		if a, err := mail.ParseAddress(w.Email); err != nil || a.Address != w.Email {
			return fmt.Errorf("-c alarm_email=%s: must be an email address, such as ops@example.com", w.Email)
		}
	}
	if w.BudgetUSD, err = strconv.Atoi(s["budget_usd"]); err != nil || w.BudgetUSD < 0 {
		return fmt.Errorf("-c budget_usd=%s: must be whole dollars per month, or 0 for no budget", s["budget_usd"])
	}
	if w.BudgetUSD > 0 && w.Email == "" {
		return fmt.Errorf("-c budget_usd=%d: a budget needs a recipient: add -c alarm_email=", w.BudgetUSD)
	}
	return nil
}

// boolean reads a setting that must be true or false.
func (s settings) boolean(name string) (bool, error) {
	switch s[name] {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("-c %s=%s: must be true or false", name, s[name])
}
