// Package conformance checks a deployment against the page that its contract's product
// publishes. Each fact of the page is a black-box case over HTTP.
//
// A case states the fact in our own words and names the sentences of the page that it proves,
// by line and sentence ("26.1" is the first sentence of line 26). The pages are not part of
// this repository. Where they are available, a test checks that every sentence has a case, or
// an exemption with the reason why an API cannot show it.
package conformance

import (
	"slices"
	"strconv"
	"strings"

	"statgate/scripts/verify/e2e/suite"
)

// source says where a fact comes from.
type source string

// The sources of facts.
const (
	fromPage    source = "S" // the product's page, which binds
	fromDocs    source = "W" // the product's wider documentation
	ourDecision source = "D" // our decision where neither says anything
)

// Case proves one fact of a contract.
type Case struct {
	ID        string   // dotted, without the contract's name
	Sentences []string // sentences of the page that it proves; only with source fromPage
	Source    source
	Fact      string // the fact, without a full stop
	Answer    string // what we answer, for the table of docs/contracts.md
	Prove     func(t *suite.T)
}

// exemption is a part of the page that states nothing an API can show.
type exemption struct {
	at  string // lines or sentences: "15-22", "26" or "26.3"
	why string
}

// covers reports whether the exemption includes a sentence, given its line and id.
func (a exemption) covers(line int, id string) bool {
	if from, to, ok := strings.Cut(a.at, "-"); ok {
		least, _ := strconv.Atoi(from)
		most, _ := strconv.Atoi(to)
		return least <= line && line <= most
	}
	return a.at == id || a.at == strconv.Itoa(line)
}

// page is the page of a product, with its cases.
type page struct {
	file       string // name in the directory of pages
	sha256     string // hash of its text, because the cases refer to its lines
	cases      []Case
	exemptions []exemption
}

// pages maps contracts to their pages.
var pages = map[string]page{"balla": balla, "scorelytics": scorelytics, "teambattles": teambattles, "fullengage": fullengage}

// Contracts lists the contracts that have a page.
func Contracts() []string {
	var names []string
	for name := range pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Facts lists the cases of a contract in the order of its page, none if it has no page.
func Facts(contract string) []Case { return pages[contract].cases }

// Cases returns the facts of a contract as cases of the suite.
func Cases(contract string) []suite.Case {
	var cases []suite.Case
	for _, c := range Facts(contract) {
		cases = append(cases, suite.Case{ID: contract + "." + c.ID, Guarantee: c.Fact, Run: c.Prove})
	}
	return cases
}
