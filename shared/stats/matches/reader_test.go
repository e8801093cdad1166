package matches_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

// reader returns a reader that is bound to exactly these owners: the public, the
// public and an organisation, or an organisation alone.
func reader(s *matches.Store, owners ...string) matches.Reader {
	org := owners[len(owners)-1]
	if org == matches.Public {
		return s.Public()
	}
	return s.For(&api.Caller{Org: org}, &contract.Contract{HidePublic: len(owners) == 1})
}

// engines runs a test on the embedded engine and on DynamoDB Local.
func engines(t *testing.T, run func(t *testing.T, tbl table.Table)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); run(t, open(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		run(t, dynamolocal.Tables(t, table.Stats)[table.Stats.Name])
	})
}

// fixture stores a match of the same teams, season and day for the public and for two
// organisations. It returns the id of each owner's match.
func fixture(t *testing.T, s *matches.Store) map[string]string {
	t.Helper()
	if _, err := leagues.NewStore(matches.Table(s)).Ensure(t.Context(), "en.1", "League", "2020"); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, owner := range []string{matches.Public, "org_1", "org_2"} {
		m := matches.Match{League: "en.1", Season: "2020", Date: "2020-02-01", Status: matches.Finished, Owner: owner,
			Home: matches.Side{ID: "elm", Name: "Elm"}, Away: matches.Side{ID: "fir", Name: "Fir"}}
		m.ID = matches.IdentityOf(&m).ID(owner, 0)
		ids[owner] = m.ID
		if err := s.Apply(t.Context(), []matches.Change{{After: &matches.Record{Match: m}}}); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// reads has a call for each method of a reader. The call requests the matches of every
// owner, and returns those that the reader returned.
var reads = map[string]func(ctx context.Context, r matches.Reader, ids []string) ([]matches.Match, error){
	"Get": func(ctx context.Context, r matches.Reader, ids []string) (found []matches.Match, err error) {
		for _, id := range ids {
			switch m, err := r.Get(ctx, id); {
			case err == nil:
				found = append(found, *m)
			case !errors.Is(err, matches.ErrNotFound):
				return nil, err
			}
		}
		return found, nil
	},
	"Visible": func(ctx context.Context, r matches.Reader, ids []string) (found []matches.Match, err error) {
		for _, id := range ids {
			switch v, err := r.Visible(ctx, id); {
			case err == nil:
				found = append(found, matches.Match{ID: v.ID()})
			case !errors.Is(err, matches.ErrNotFound):
				return nil, err
			}
		}
		return found, nil
	},
	"List": func(ctx context.Context, r matches.Reader, ids []string) (found []matches.Match, err error) {
		for i, f := range []matches.Filter{{}, {League: "en.1"}, {League: "en.1", Season: "2020"}, {Statuses: []matches.Status{matches.Finished}}, {Team: "elm"},
			{Team: "fir"}, {From: "2020-02-01", To: "2020-02-01"}, {IDs: ids}} {
			page, err := r.List(ctx, f, matches.PageRequest{Limit: 10})
			if err != nil {
				return nil, err
			}
			if page.Total != nil && *page.Total != int64(len(page.Matches)) {
				return nil, fmt.Errorf("%+v: got total %d of %d matches", f, *page.Total, len(page.Matches))
			}
			if i > 0 && !reflect.DeepEqual(page.Matches, found) {
				return nil, fmt.Errorf("%+v: got %v, want %v", f, page.Matches, found)
			}
			found = page.Matches
		}
		return found, nil
	},
	"HeadToHead": func(ctx context.Context, r matches.Reader, ids []string) (found []matches.Match, err error) {
		for _, id := range ids {
			switch m, met, err := r.HeadToHead(ctx, id); {
			case err == nil && slices.ContainsFunc(met, func(other matches.Match) bool { return other.ID == m.ID }):
				found = met
			case !errors.Is(err, matches.ErrNotFound):
				return nil, fmt.Errorf("got %v among %v: %w", m, met, err)
			}
		}
		return found, nil
	},
	"Meetings": func(ctx context.Context, r matches.Reader, _ []string) ([]matches.Match, error) {
		page, err := r.Meetings(ctx, "fir", "elm", matches.PageRequest{Limit: 10})
		if err != nil {
			return nil, err
		}
		return page.Matches, nil
	},
	"RecordOf": func(ctx context.Context, r matches.Reader, ids []string) (found []matches.Match, err error) {
		for _, id := range ids {
			switch h, err := r.RecordOf(ctx, id); {
			case err == nil && h.Totals.Played == len(h.Data):
				found = h.Data
			case !errors.Is(err, matches.ErrNotFound):
				return nil, fmt.Errorf("got %v: %w", h, err)
			}
		}
		return found, nil
	},
	"Season": func(ctx context.Context, r matches.Reader, _ []string) ([]matches.Match, error) {
		return r.Season(ctx, "en.1", "2020")
	},
}

func TestReaderReturnsNoMatchOfAnotherOwner(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := matches.NewStore(tbl, time.Now)
		stored := fixture(t, s)
		all := []string{stored[matches.Public], stored["org_1"], stored["org_2"]}
		for i := range reflect.TypeFor[matches.Reader]().NumMethod() {
			name := reflect.TypeFor[matches.Reader]().Method(i).Name
			if reads[name] == nil {
				t.Errorf("Reader.%s: add it to reads, so that its isolation is tested", name)
				continue
			}
			for _, owners := range [][]string{{matches.Public}, {matches.Public, "org_1"}, {"org_1"}, {"org_3"}} {
				found, err := reads[name](t.Context(), reader(s, owners...), all)
				if err != nil {
					t.Errorf("%s of %v: %v", name, owners, err)
					continue
				}
				var got, want []string
				for _, m := range found {
					got = append(got, m.ID)
				}
				for _, owner := range owners {
					if id := stored[owner]; id != "" && (name != "Season" || owner == matches.Public) {
						want = append(want, id)
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s of %v: got %v, want %v", name, owners, got, want)
				}
			}
		}
	})
}

func TestZeroReaderReadsNothing(t *testing.T) {
	t.Parallel()
	if (matches.Visible{}).ID() != "" {
		t.Error("the zero Visible names a match")
	}
	if _, err := (matches.Reader{}).Season(t.Context(), "en.1", "2020"); err != nil {
		t.Error(err)
	}
}

// TestStoreHasNoUnboundRead fails if a new method of Store might return matches without
// being bound to their owners.
func TestStoreHasNoUnboundRead(t *testing.T) {
	t.Parallel()
	var got []string
	for i := range reflect.TypeFor[*matches.Store]().NumMethod() {
		got = append(got, reflect.TypeFor[*matches.Store]().Method(i).Name)
	}
	if want := []string{"Apply", "For", "Public", "RecordsOfAllOwners"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: reads belong to Reader", got, want)
	}
}

func TestWriterFindsNoMatchOfAnotherOwner(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := matches.NewStore(tbl, time.Now)
		stored := fixture(t, s)
		own := matches.NewOwn(s, nil, rand.Reader)
		for _, owner := range []string{matches.Public, "org_2"} {
			r := &api.Request{ID: "r", Now: time.Now(), Caller: &api.Caller{Org: "org_1", User: "usr_1", Key: "key_1"}}
			if err := own.Delete(t.Context(), r, stored[owner]); condition(err) != api.NotFound {
				t.Errorf("deleting the match of %s: got %v, want not found", owner, err)
			}
		}
	})
}
