package orgs_test

import (
	"context"
	"testing"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// visits returns the visits in an organisation's audit trail, newest first.
func visits(t *testing.T, w *keystest.Fixture, org string) []audit.Entry {
	t.Helper()
	var found []audit.Entry
	for _, e := range w.Entries(t, org) {
		if e.Action == "org.visit" {
			found = append(found, e)
		}
	}
	return found
}

// visit makes a visit that must succeed.
func visit(t *testing.T, w *keystest.Fixture, secret, org string) orgs.Visit {
	t.Helper()
	v, err := w.Orgs.Visit(t.Context(), w.By(t, secret), org)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// session begins a console session and returns its access token and its id.
func session(t *testing.T, w *keystest.Fixture, org, user string) (token, id string) {
	t.Helper()
	s, err := w.Keys.BeginAs(t.Context(), keys.SignIn{At: w.Now()}, org, user, "")
	if err != nil {
		t.Fatal(err)
	}
	return s.AccessToken, s.Session.ID
}

func TestAVisitIsRecordedInTheTrailOfTheVisitedOrganisation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		root := w.Bootstrap(t)
		caller := w.By(t, root.Secret).Caller
		o, _, _ := w.Org(t, root.Secret, "north", "PRO")
		before := len(w.Entries(t, caller.Org))
		v := visit(t, w, root.Secret, o.ID)
		if v.Org != o.ID || v.Name != o.Name || v.Plan != o.Plan || v.User != caller.User ||
			!v.VisitedAt.Equal(w.Now().Truncate(time.Second)) || v.EndsAt.Sub(v.VisitedAt) != time.Hour {
			t.Errorf("got %+v for a visit of %+v by %s at %s", v, o, caller.User, w.Now())
		}
		got := visits(t, w, o.ID)
		if len(got) != 1 {
			t.Fatalf("got %d visits, want 1", len(got))
		}
		e := got[0]
		if e.Target != o.ID || e.Method != audit.MethodKey || *e.Actor.Key != root.ID || *e.Actor.User != caller.User || e.Actor.Session != nil ||
			e.Before != nil || e.After["ends_at"] != v.EndsAt.Format(time.RFC3339) {
			t.Errorf("got the entry %+v", e)
		}
		if now := len(w.Entries(t, caller.Org)); now != before {
			t.Errorf("the operator's own trail has %d entries, want %d as before", now, before)
		}
	})
}

func TestVisitsOfOneSessionOrKeyWithinAnHourHaveOneEntry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		root := w.Bootstrap(t)
		caller := w.By(t, root.Secret).Caller
		o, _, _ := w.Org(t, root.Secret, "north", "PRO")
		other, _, _ := w.Org(t, root.Secret, "south", "PRO")
		first, id := session(t, w, caller.Org, caller.User)
		made := visit(t, w, first, o.ID)
		w.Pass(time.Minute)
		if again := visit(t, w, first, o.ID); again != made {
			t.Errorf("again: got %+v, want the first visit %+v", again, made)
		}
		second, secondID := session(t, w, caller.Org, caller.User)
		visit(t, w, second, o.ID)
		visit(t, w, root.Secret, o.ID)
		visit(t, w, first, other.ID)
		w.Pass(time.Hour)
		third, thirdID := session(t, w, caller.Org, caller.User)
		visit(t, w, third, o.ID)
		if later := visit(t, w, root.Secret, o.ID); !later.VisitedAt.After(made.EndsAt) {
			t.Errorf("after an hour: got %+v, want a new visit", later)
		}
		var got []string // oldest first
		for _, e := range visits(t, w, o.ID) {
			actor := *e.Actor.User
			if e.Actor.Session != nil {
				actor = *e.Actor.Session
				if e.Method != audit.MethodSession {
					t.Errorf("the visit of a session has the method %s", e.Method)
				}
			}
			got = append([]string{actor}, got...)
		}
		want := []string{id, secondID, caller.User, thirdID, caller.User}
		if len(got) != len(want) {
			t.Fatalf("got visits of %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got visits of %v, want %v", got, want)
			}
		}
		if n := len(visits(t, w, other.ID)); n != 1 {
			t.Errorf("the other organisation has %d visits, want 1", n)
		}
	})
}

func TestConcurrentVisitsOfOneKeyHaveOneEntry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		root := w.Bootstrap(t)
		o, _, _ := w.Org(t, root.Secret, "north", "PRO")
		caller := w.By(t, root.Secret).Caller
		const n = 8
		requests := make([]*api.Request, n)
		for i := range requests {
			requests[i] = w.Request(caller)
		}
		answers := make([]orgs.Visit, n)
		got := runConcurrently(n, func(i int) error {
			var err error
			answers[i], err = w.Orgs.Visit(context.Background(), requests[i], o.ID)
			return err
		})
		if got[""] != n || len(visits(t, w, o.ID)) != 1 {
			t.Errorf("got %v and %d entries, want %d successes and one entry", got, len(visits(t, w, o.ID)), n)
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("got the visits %+v and %+v, want one", a, answers[0])
			}
		}
	})
}

func TestOnlyOperatorsVisitAndOthersLearnNothingOfOtherOrganisations(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		root := w.Bootstrap(t)
		o, _, owner := w.Org(t, root.Secret, "north", "PRO")
		other, _, _ := w.Org(t, root.Secret, "south", "PRO")
		for _, c := range []struct{ secret, org, want string }{
			{owner.Secret, o.ID, api.PermissionRole},
			{owner.Secret, other.ID, api.NotFound},
			{owner.Secret, "org_nothing", api.NotFound},
			{root.Secret, "org_nothing", api.NotFound},
			{root.Secret, "org#x", api.NotFound},
		} {
			_, err := w.Orgs.Visit(t.Context(), w.By(t, c.secret), c.org)
			if got := keystest.Condition(err); got != c.want {
				t.Errorf("%s: got %q (%v), want %q", c.org, got, err, c.want)
			}
		}
		if n := len(visits(t, w, o.ID)) + len(visits(t, w, other.ID)); n != 0 {
			t.Errorf("refused visits left %d entries", n)
		}
	})
}
