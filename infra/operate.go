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

// edgeRegion is where CloudFront takes certificates and web rules from.
const edgeRegion = "us-east-1"

// edge reads what stands before the API.
func (s settings) edge(c *contract.Contract, e *stack.Edge) (err error) {
	e.Deployed = edge.Needed(c)
	if s["edge"] != "" {
		if e.Deployed, err = s.truth("edge"); err != nil {
			return err
		}
	}
	if e.WAF, err = s.truth("waf"); err != nil {
		return err
	}
	if e.WAF && !e.Deployed {
		return fmt.Errorf("-c waf=true: the rules stand at the edge, and this deployment has none; add -c edge=true")
	}
	if e.WAF && s["region"] != edgeRegion {
		return fmt.Errorf("-c waf=true: CloudFront's rules are made in %s, and this stack goes to %q; deploy it to %s, or leave the rules out",
			edgeRegion, s["region"], edgeRegion)
	}
	return s.domain(e)
}

func (s settings) domain(e *stack.Edge) error {
	e.Domain, e.Certificate = s["domain"], s["certificate"]
	if e.Domain == "" && e.Certificate == "" {
		return nil
	}
	if !domainName.MatchString(e.Domain) {
		return fmt.Errorf("-c domain=%s: a domain in lower case, as api.example.com, which a certificate needs beside it", e.Domain)
	}
	m := certificate.FindStringSubmatch(e.Certificate)
	if m == nil {
		return fmt.Errorf("-c certificate=%s: the ARN of the ACM certificate of %s", e.Certificate, e.Domain)
	}
	if e.Deployed && m[1] != edgeRegion {
		return fmt.Errorf("-c certificate=%s: CloudFront takes certificates of %s alone", e.Certificate, edgeRegion)
	}
	if !e.Deployed && s["region"] != "" && m[1] != s["region"] {
		return fmt.Errorf("-c certificate=%s: without an edge the certificate is of the stack's own region, %s", e.Certificate, s["region"])
	}
	return nil
}

// watch reads who is told of what.
func (s settings) watch(w *stack.Watch) (err error) {
	if w.AccessLogs, err = s.truth("access_logs"); err != nil {
		return err
	}
	if w.Email = s["alarm_email"]; w.Email != "" {
		if a, err := mail.ParseAddress(w.Email); err != nil || a.Address != w.Email {
			return fmt.Errorf("-c alarm_email=%s: no address of a mailbox", w.Email)
		}
	}
	if w.BudgetUSD, err = strconv.Atoi(s["budget_usd"]); err != nil || w.BudgetUSD < 0 {
		return fmt.Errorf("-c budget_usd=%s: whole dollars a month, or 0", s["budget_usd"])
	}
	if w.BudgetUSD > 0 && w.Email == "" {
		return fmt.Errorf("-c budget_usd=%d: a budget tells somebody; add -c alarm_email=", w.BudgetUSD)
	}
	return nil
}

func (s settings) truth(name string) (bool, error) {
	switch s[name] {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("-c %s=%s: true or false", name, s[name])
}
