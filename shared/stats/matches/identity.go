package matches

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"time"

	"statgate/shared/ids"
	"statgate/shared/stats/leagues"
)

// Identity decides whether two rows are the same match: they are if they have the
// same place in the season and the same two teams. The date is part of it only
// without a round, because matches are rescheduled.
type Identity struct {
	League, Season, Stage, Round, Home, Away string
	Date                                     string // only if Round is ""
}

// IdentityOf returns the identity of a match.
func IdentityOf(m *Match) Identity {
	id := Identity{League: string(m.League), Season: string(m.Season), Stage: deref(m.Stage), Round: deref(m.Round), Home: m.Home.ID, Away: m.Away.ID}
	if id.Round == "" {
		id.Date = m.Date
	}
	return id
}

// ID derives the id that a match of this identity gets when it is first stored.
// The match keeps that id, even when one of its teams gets another id later.
// The id holds 100 bits of SHA-256: among 10^9 matches, the probability of a
// collision is 10^-12. Salt is 0 unless another match already has the id.
func (i Identity) ID(owner string, salt int) string {
	sum := i.sum(owner, salt)
	return "m_" + idAlphabet.EncodeToString(sum[:])[:20]
}

// uuid derives the id as a uuid, for contracts whose ids are UUIDs.
func (i Identity) uuid(owner string, salt int) string {
	sum := i.sum(owner, salt)
	return ids.UUID(sum[:])
}

func (i Identity) sum(owner string, salt int) [sha256.Size]byte {
	var text []byte
	for _, part := range []string{owner, i.League, i.Season, i.Stage, i.Round, i.Home, i.Away, i.Date} {
		text = strconv.AppendInt(text, int64(len(part)), 10) // the length prefix keeps two lists of parts apart
		text = append(append(append(text, ':'), part...), ',')
	}
	if salt > 0 {
		text = fmt.Appendf(text, "salt %d", salt)
	}
	return sha256.Sum256(text)
}

var idAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// Names resolves the spellings of team names. This package does not import teams, whose
// rules of spelling would then be part of every function that reads matches.
type Names interface {
	// Resolve returns the team of a spelling in a country's competitions; false if there is
	// none.
	Resolve(country, spelling string) (Side, bool)
	// Former returns the ids that a team had before.
	Former(id string) []string
}

// Matcher finds the stored public match that a row of a source describes. It
// compares teams by what their spellings resolve to now, not by the ids that a
// match was stored with: later sources may unite teams, or split them.
type Matcher struct {
	store *Store
	names Names
}

// NewMatcher returns a matcher for the matches of a store.
func NewMatcher(store *Store, names Names) *Matcher { return &Matcher{store, names} }

// Record returns the record of a source's row, whose sides have names and no ids.
// It returns nil if both names are one team, or if a name resolves to no team.
func (m *Matcher) Record(row Match) *Record {
	r := &Record{Match: row, HomeAs: row.Home.Name, AwayAs: row.Away.Name}
	country := leagues.Country(string(r.League))
	var homeKnown, awayKnown bool
	r.Home, homeKnown = m.names.Resolve(country, r.HomeAs)
	r.Away, awayKnown = m.names.Resolve(country, r.AwayAs)
	if !homeKnown || !awayKnown || r.Home.ID == r.Away.ID {
		return nil
	}
	return r
}

// Merge chooses between two rows of one identity in the same source. It returns the
// first row, or the second if the first has no result: a postponed match is often
// listed again with its later date or result. It returns nil if both have results
// and these differ.
func Merge(first, second *Record) *Record {
	a, b := first.Score.FullTime, second.Score.FullTime
	switch {
	case a == nil:
		return second
	case b != nil && *a != *b:
		return nil
	}
	return first
}

// Spelling is the spelling of a team in a source. Country is the code of a club's
// association, "" for national teams and if it is unknown.
type Spelling struct{ Country, Name string }

// Meeting returns the match between two teams that kicks off at a time, among the matches
// of that day. It returns nil if no match fits.
func (m *Matcher) Meeting(home, away Spelling, kickoff time.Time, day []Match) *Match {
	h, homeKnown := m.spelt(home)
	a, awayKnown := m.spelt(away)
	if !homeKnown || !awayKnown {
		return nil
	}
	at := kickoff.Format(time.RFC3339)
	for i, stored := range day {
		if stored.Home.ID == h.ID && stored.Away.ID == a.ID && stored.KickoffAt != nil && *stored.KickoffAt == at {
			return &day[i]
		}
	}
	return nil
}

// spelt returns the team of a spelling in its country, else in any.
func (m *Matcher) spelt(s Spelling) (Side, bool) {
	if side, ok := m.names.Resolve(s.Country, s.Name); ok || s.Country == "" {
		return side, ok
	}
	return m.names.Resolve("", s.Name)
}

// Plan compares records with the stored matches and returns the changes that store
// them. It sets the id of each record; a record that is already stored also gets
// the version, the update time and the spellings of the stored match.
func (m *Matcher) Plan(ctx context.Context, records []*Record) ([]Change, error) {
	var ids []string
	for _, record := range records {
		ids = append(ids, m.candidates(record)...)
	}
	stored, err := m.store.RecordsOfAllOwners(ctx, ids, true)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, record := range records {
		before, others := m.same(record, stored)
		for _, other := range others {
			changes = append(changes, Change{Before: other, AliasOf: before.ID})
		}
		if before == nil {
			if record.ID, err = m.freeID(ctx, record, stored); err != nil {
				return nil, err
			}
			changes = append(changes, Change{After: record})
			continue
		}
		record.ID, record.Version, record.UpdatedAt = before.ID, before.Version, before.UpdatedAt
		record.HomeAs, record.AwayAs = before.HomeAs, before.AwayAs // another spelling of the same teams is not a change
		if !reflect.DeepEqual(record, before) {
			changes = append(changes, Change{Before: before, After: record})
		}
	}
	return changes, nil
}

// PlanMove returns the changes to the matches of teams that were united, split or
// renamed. Matches keep their ids. If two matches turn out to be one, the one under
// the id of its present teams stays.
func (m *Matcher) PlanMove(ctx context.Context, teams []string) ([]Change, error) {
	records := map[string]*Record{}
	var ids []string
	for _, team := range teams {
		found, err := m.store.ofTeam(ctx, team)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if records[r.ID] == nil {
				records[r.ID] = r
				ids = append(ids, r.ID)
			}
		}
	}
	sort.Strings(ids)
	afters := map[string]*Record{}
	var candidates []string
	for _, id := range ids {
		afters[id] = m.resolved(records[id])
		candidates = append(candidates, m.candidates(afters[id])...)
	}
	stored, err := m.store.RecordsOfAllOwners(ctx, candidates, true)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, id := range ids {
		before, after := records[id], afters[id]
		if target, _ := m.same(after, stored); target != nil && target.ID != id {
			changes = append(changes, Change{Before: before, AliasOf: target.ID})
		} else if !reflect.DeepEqual(before, after) {
			changes = append(changes, Change{Before: before, After: after})
		}
	}
	return changes, nil
}

// candidates returns the ids under which a match may be stored: the id of its
// identity, and those of the identities that it had while its teams had other ids.
func (m *Matcher) candidates(r *Record) []string {
	identity := IdentityOf(&r.Match)
	ids := []string{identity.ID(r.Owner, 0)}
	for _, home := range append([]string{r.Home.ID}, m.names.Former(r.Home.ID)...) {
		for _, away := range append([]string{r.Away.ID}, m.names.Former(r.Away.ID)...) {
			identity.Home, identity.Away = home, away
			if id := identity.ID(r.Owner, 0); id != ids[0] {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// same returns the stored match that the record describes, and other stored matches
// that turn out to be the same match.
func (m *Matcher) same(record *Record, stored map[string]*Record) (found *Record, others []*Record) {
	seen := map[string]bool{}
	for _, id := range m.candidates(record) {
		r := stored[id]
		if r == nil || seen[r.ID] || !m.isSame(record, r) {
			continue
		}
		seen[r.ID] = true
		if found == nil {
			found = r
		} else {
			others = append(others, r)
		}
	}
	return found, others
}

func (m *Matcher) isSame(record, stored *Record) bool {
	present := m.resolved(stored)
	a, b := IdentityOf(&record.Match), IdentityOf(&stored.Match)
	b.Home, b.Away = present.Home.ID, present.Away.ID
	return a == b
}

// freeID returns the id of the record's identity, or a salted one if another match has
// that id: a match of a team that two clubs shared before a source distinguished them.
func (m *Matcher) freeID(ctx context.Context, record *Record, stored map[string]*Record) (string, error) {
	identity := IdentityOf(&record.Match)
	for salt := 0; ; salt++ {
		id := identity.ID(record.Owner, salt)
		if salt > 0 {
			more, err := m.store.RecordsOfAllOwners(ctx, []string{id}, true)
			if err != nil {
				return "", err
			}
			stored = more
		}
		if r := stored[id]; r == nil || m.isSame(record, r) {
			return id, nil
		}
	}
}

// resolved returns the record with the teams that its spellings resolve to now.
func (m *Matcher) resolved(r *Record) *Record {
	after := *r
	country := leagues.Country(string(r.League))
	if t, ok := m.names.Resolve(country, r.HomeAs); ok {
		after.Home = Side{ID: t.ID, Name: t.Name}
	}
	if t, ok := m.names.Resolve(country, r.AwayAs); ok {
		after.Away = Side{ID: t.ID, Name: t.Name}
	}
	return &after
}
