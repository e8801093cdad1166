// Package conformance holds a deployment to the page that its contract's product
// publishes: each fact of the page is a case, black box, over HTTP alone.
//
// A case says the fact in our own words and names the sentences of the page that
// it proves, by line and sentence ("26.1": line 26, first sentence). The pages
// themselves are not part of this repository; where they are at hand, a test holds
// that every sentence has a case, or an entry in the contract's asides that says
// why there is nothing to show.
package conformance

import (
	"slices"
	"strconv"
	"strings"

	"statgate/scripts/verify/e2e/suite"
)

// Standing is where a fact comes from.
type Source string

// The standings of facts.
const (
	Page     Source = "S" // the product's page; it binds
	Docs     Source = "W" // the product's wider documentation
	Decision Source = "D" // our decision, where neither says
)

// Case is one fact of a contract.
type Case struct {
	ID        string   // dotted, without the contract's name
	Sentences []string // sentences of the page that it proves; none for W and D
	Source    Source
	Fact      string // the fact, without a full stop
	Answer    string // what we answer, for the table of docs/contracts.md
	Prove     func(t *suite.T)
}

// aside is a part of the page that states nothing which an API can show.
type exemption struct {
	at  string // lines or sentences: "15-22", "26" or "26.3"
	why string
}

// covers tells whether the aside is of a sentence, by line and id.
func (a exemption) covers(line int, id string) bool {
	if from, to, ok := strings.Cut(a.at, "-"); ok {
		least, _ := strconv.Atoi(from)
		most, _ := strconv.Atoi(to)
		return least <= line && line <= most
	}
	return a.at == id || a.at == strconv.Itoa(line)
}

// page is a product's own page.
type page struct {
	file   string // of the directory of pages
	sha256 string // of its text: the cases count its lines
	// whole holds the cases to every sentence of the page.
	whole      bool
	cases      []Case
	exemptions []exemption
}

// pages are by contract.
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

// Facts lists the facts of a contract, in the order of its page; none where it
// has no page.
func Facts(contract string) []Case { return pages[contract].cases }

// Cases are the facts as the suite runs them.
func Cases(contract string) []suite.Case {
	var cases []suite.Case
	for _, c := range Facts(contract) {
		cases = append(cases, suite.Case{ID: contract + "." + c.ID, Guarantee: c.Fact, Run: c.Prove})
	}
	return cases
}
