// Package measured holds what an import and the deliveries of webhooks consume, and
// the counts of the stack's parts that AWS charges for. The tests of
// scripts/verify/bench measure the figures of measured.json; scripts/cost multiplies
// them by prices.
package measured

import (
	_ "embed" // measured.json is part of the program
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed measured.json
var file []byte

// Figures are the contents of measured.json.
type Figures struct {
	Stack    Stack    `json:"stack"`
	Import   Import   `json:"import"`
	Repeats  Repeats  `json:"repeats"`
	Sessions Sessions `json:"sessions"`
	Webhooks Webhooks `json:"webhooks"`
	Feed     Feed     `json:"feed"`
	Replay   Replay   `json:"replay"`
}

// Stack counts parts of the default contract's stack.
type Stack struct {
	Functions int `json:"functions"` // that answer requests, the authorizer included
	Metrics   int `json:"metrics"`   // custom metrics, one for each value of a dimension
}

// Import is what the writes of an import of the simulated league consume.
type Import struct {
	Matches int     `json:"matches"`
	Write   float64 `json:"write_units"`
}

// Repeats is what an Idempotency-Key adds to what a request consumes.
type Repeats struct {
	Keys  Units `json:"keys"`  // of an operation on the keys table
	Stats Units `json:"stats"` // of an operation on the stats table
	Again Units `json:"again"` // all that a repeat consumes, apart from the gate's write
}

// Sessions is what the steps of a console session consume.
type Sessions struct {
	Started    Units `json:"started"`    // with a key, in a place that no session had before
	Authorised Units `json:"authorised"` // the authorizer's reads for a new access token
	Renewed    Units `json:"renewed"`
	Ended      Units `json:"ended"`
}

// Webhooks is what deliveries consume.
type Webhooks struct {
	List     Units `json:"list"` // one read of an organisation's webhooks, of which there are few
	Attempts int   `json:"attempts"`
	Messages int   `json:"messages"` // in the queue for a delivery whose every attempt fails
	// Delayed is the same where the receiver asks for the longest Retry-After each time.
	Delayed    int        `json:"messages_delayed"`
	KeptDays   int        `json:"kept_days"`
	Deliveries []Delivery `json:"deliveries"` // by type of event, of the longest event
	Reported   Reported   `json:"reported"`
}

// Feed is what the change feed consumes.
type Feed struct {
	Appended Units `json:"appended"` // a change, by an instance that knows the end of the feed
}

// Replay is what a replay of a simulated match consumes.
type Replay struct {
	Created Units `json:"created"`
	Steps   int   `json:"steps"`  // each is a message of the queue
	Events  int   `json:"events"` // of the match
	Played  Units `json:"played"` // all steps together
}

// Delivery is what one delivery consumes in each of its steps.
type Delivery struct {
	Type     string `json:"type"`
	Bytes    int    `json:"bytes"` // of the request's body
	Stored   Units  `json:"stored"`
	Begun    Units  `json:"begun"`
	Finished Units  `json:"finished"`
	Failed   Units  `json:"failed"` // all steps together, where every attempt fails
}

// Reported counts the imported matches that make events and have a report.
type Reported struct {
	Matches int            `json:"matches"`
	Changes int            `json:"changes"` // of the table
	Events  map[string]int `json:"events"`  // by type
}

// Load returns the figures of measured.json.
func Load() (Figures, error) {
	var f Figures
	if err := json.Unmarshal(file, &f); err != nil {
		return f, fmt.Errorf("measured.json: %w", err)
	}
	return f, nil
}

// Units are what a call consumes of DynamoDB. An eventually consistent read of up to
// 4 KB is half a read unit. A write of up to 1 KB is one write unit for the table and
// one for each index, and twice that in a transaction.
type Units struct{ Read, Write float64 }

// Plus returns the sum.
func (u Units) Plus(v Units) Units { return Units{u.Read + v.Read, u.Write + v.Write} }

// String returns the form that [ParseUnits] reads, such as "1 W + 7.5 R".
func (u Units) String() string {
	switch {
	case u.Write == 0:
		return fmt.Sprintf("%g R", u.Read)
	case u.Read == 0:
		return fmt.Sprintf("%g W", u.Write)
	}
	return fmt.Sprintf("%g W + %g R", u.Write, u.Read)
}

// MarshalText returns the same as String, for JSON.
func (u Units) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText is [ParseUnits], for JSON.
func (u *Units) UnmarshalText(text []byte) (err error) {
	*u, err = ParseUnits(string(text))
	return err
}

// term is a part of a sum such as "1 W + 7.5 R".
var term = regexp.MustCompile(`^([0-9.]+) ([WR])$`)

// ParseUnits reads a sum of write units (W) and read units (R).
func ParseUnits(text string) (Units, error) {
	var u Units
	for part := range strings.SplitSeq(text, " + ") {
		m := term.FindStringSubmatch(part)
		if m == nil {
			return u, fmt.Errorf("units: want a sum such as 1 W + 7.5 R, got %q", text)
		}
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return u, fmt.Errorf("units: %w", err)
		}
		if m[2] == "W" {
			u.Write += n
		} else {
			u.Read += n
		}
	}
	return u, nil
}
