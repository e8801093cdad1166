package orgs

import (
	"context"
	"slices"
	"strings"

	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// SameAddress reports whether two email addresses are the same but for the case of ASCII
// letters. Somebody is identified by this comparison. The wider one that keeps addresses
// unique in an organisation would take an address at straße.example for one at strasse.example,
// which may be another person's.
func SameAddress(a, b string) bool { return lower(a) == lower(b) }

// lower returns the text with ASCII letters in lower case, and all others as they are.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// Members are in the index "list", by a hash of their address. So the item that has the address
// is also what finds it, and no second item can disagree. A hash keeps addresses out of reports
// on the index's busiest partitions.
const (
	addressPartition = "list_pk"
	addressSort      = "list_sk"
)

func addressOf(email string) string { return table.Join("EMAIL", AddressID(email)) }

// AddressID returns what is equal for the same addresses, as [SameAddress] compares them.
func AddressID(email string) string { return apikey.Hash(lower(email)) }

func addressEntry(org, user string) string { return table.Join(org, user) }

// Findable returns the actions on a member's item after which [Store.WithAddress] finds it.
// Items that earlier releases wrote lack these attributes.
func (m Member) Findable(org string) []table.Action {
	return []table.Action{table.Set(addressPartition, addressOf(m.Email)), table.Set(addressSort, addressEntry(org, m.User))}
}

// Membership is a member with their organisation.
type Membership struct {
	Org    Org
	Member Member
}

// addressPage is how many members one read of the index returns.
const addressPage = 50

// WithAddress returns the members with an email address of all organisations, or of one. The
// oldest organisation is first. The index may lag by some milliseconds, so a member who has
// just been added may be missing. Addresses, roles and states are read consistently.
func (s *Store) WithAddress(ctx context.Context, email, org string) ([]Membership, error) {
	q := table.Query{Index: "list", Partition: addressOf(email), Limit: addressPage}
	if org != "" {
		if !ids.Valid(org) {
			return nil, nil
		}
		q.Low, q.High = table.Prefix(addressEntry(org, ""))
	}
	var found []Membership
	for {
		page, err := s.table.Query(ctx, q)
		if err != nil {
			return nil, api.UnavailableError("finding members by address", err)
		}
		here, err := s.memberships(ctx, page.Items)
		if err != nil {
			return nil, err
		}
		for _, m := range here {
			if SameAddress(m.Member.Email, email) {
				found = append(found, m)
			}
		}
		if !page.More || len(page.Items) == 0 {
			return found, nil
		}
		q.After = page.Items[len(page.Items)-1].Str(addressSort)
	}
}

// memberships reads the members and organisations of entries of the index.
func (s *Store) memberships(ctx context.Context, entries []table.Item) ([]Membership, error) {
	var at []table.Key
	for _, it := range entries {
		org := table.Key{Partition: it.Str(table.PartitionAttr), Sort: orgSort}
		if !slices.Contains(at, org) { // DynamoDB refuses to read an item twice
			at = append(at, org)
		}
		at = append(at, it.Key())
	}
	if len(at) == 0 {
		return nil, nil
	}
	items, err := s.table.BatchGet(ctx, at, true)
	if err != nil {
		return nil, api.UnavailableError("reading members", err)
	}
	known := map[string]Org{}
	var found []Membership
	for _, it := range items {
		if o, ok := FromItem(it); ok { // before its members, as it was asked for before them
			known[it.Str(table.PartitionAttr)] = o
		} else if m, ok := MemberFromItem(it); ok {
			found = append(found, Membership{known[it.Str(table.PartitionAttr)], m})
		}
	}
	return found, nil
}

// IndexAddresses makes members of an organisation findable whose items an earlier release wrote.
// It returns how many there were. A member who changes meanwhile is findable by that change.
func (s *Store) IndexAddresses(ctx context.Context, org string) (int, error) {
	page, err := s.table.Query(ctx, table.Query{Partition: Partition(org), Low: memberPrefix, High: orgSort, Consistent: true})
	if err != nil {
		return 0, api.UnavailableError("reading an organisation", err)
	}
	written := 0
	for _, it := range page.Items {
		m, ok := MemberFromItem(it)
		if !ok || it.Str(addressPartition) != "" {
			continue
		}
		_, err := s.table.Write(ctx, table.Update(it.Key(), m.Findable(org), table.Eq("email", m.Email), table.Missing(addressPartition)))
		if table.AsConditionFailed(err) != nil {
			continue
		}
		if err != nil {
			return written, api.UnavailableError("writing a member", err)
		}
		written++
	}
	return written, nil
}
