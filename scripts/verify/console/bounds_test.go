package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// admin signs a member in by a portal link.
func (s *site) admin(t *testing.T, org, user string) signedIn {
	t.Helper()
	_, code := s.link(t, org, user)
	return s.starts(t, map[string]any{"link": code}, "")
}

func (s *site) status(t *testing.T, in signedIn, method, path, body string, want ...int) {
	t.Helper()
	reply := s.Call(t, in.token, method, path, body)
	for _, w := range want {
		if reply.Status == w {
			return
		}
	}
	t.Errorf("%s %s: got %d %.200s, want %d", method, path, reply.Status, reply.Body, want)
}

func TestASessionIsNoWayRoundThePlansCap(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, user := s.Org(t, "Northern Broadcasting", "FREE", "ada@club.example")
	for range 4 {
		s.admin(t, org, user) // sessions take no room
	}
	in := s.admin(t, org, user)
	s.status(t, in, http.MethodPost, "/keys", `{"name": "First", "scopes": ["read:leagues"]}`, http.StatusCreated)
	s.status(t, in, http.MethodPost, "/keys", `{"name": "Second", "scopes": ["read:leagues"]}`, http.StatusConflict)
	s.status(t, in, http.MethodPost, "/tokens", `{}`, http.StatusForbidden, http.StatusConflict, http.StatusUnauthorized)
}

func TestASessionIsNoWayRoundThePlansQuota(t *testing.T) {
	t.Parallel()
	for contract, plan := range map[string]string{"statgate": "PRO", "balla": "FREE"} {
		t.Run(contract, func(t *testing.T) {
			t.Parallel()
			s := deploy(t, contract)
			// All calls are in one window of the plan.
			s.Clock.Advance(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)) + time.Second)
			org, user := s.Org(t, "Northern Broadcasting", plan, "ada@club.example")
			want := 60
			if contract == "balla" {
				want = 0 // the plan has no keys, so sessions read no data
			}
			leagues := "/football/leagues"
			if at := s.Contract.Operations["listLeagues"].Path; at != "" {
				leagues = at
			}
			calls := 0
			for range 3 { // more sessions are no more calls than each of them has
				in := s.admin(t, org, user)
				n := 0
				for ; n <= want; n++ {
					if reply := s.Call(t, in.token, http.MethodGet, leagues, ""); reply.Status != http.StatusOK {
						break
					}
				}
				if n > want {
					t.Fatalf("a session made %d calls of data, want at most %d", n, want)
				}
				calls += n
			}
			if want > 0 && calls == 0 {
				t.Error("no session read data, want some calls to try the API with")
			}
		})
	}
}

func TestASessionIsNoWayRoundARole(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, owner := s.Org(t, "Northern Broadcasting", "TEAM", "ada@club.example")
	other, stranger := s.Org(t, "Southern Broadcasting", "TEAM", "eve@rival.example")
	ownersKey, _ := s.Key(t, org, "Owner's", "read:leagues")
	in := s.admin(t, org, s.member(t, org, "mo@club.example", "member"))
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/orgs/" + org + "/members", `{"email": "new@club.example", "role": "admin"}`},
		{"PATCH", "/orgs/" + org, `{"name": "Mine"}`},
		{"POST", "/orgs/" + org + "/members/" + owner + "/portal-links", `{}`},
		{"POST", "/orgs/" + other + "/members/" + stranger + "/portal-links", `{}`},
		{"POST", "/keys", fmt.Sprintf(`{"name": "For the owner", "scopes": ["read:leagues"], "user": %q}`, owner)},
		{"POST", "/keys", `{"name": "Manager", "scopes": ["orgs:write"]}`},
		{"POST", "/keys/" + ownersKey + "/revoke", ""},
		{"POST", "/keys/" + ownersKey + "/rotate", "{}"},
		{"DELETE", "/sessions?user=" + owner, ""},
		{"GET", "/sessions?user=" + owner, ""},
		{"GET", "/audit", ""},
	} {
		s.status(t, in, c.method, c.path, c.body, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity)
	}
	s.status(t, in, http.MethodPost, "/keys", `{"name": "Own", "scopes": ["read:leagues"]}`, http.StatusCreated)
	// The routes of keys answer 404 for the id of a session.
	for _, path := range []string{"/keys/" + in.id, "/keys/" + in.id + "/usage"} {
		s.status(t, in, http.MethodGet, path, "", http.StatusNotFound)
	}
	s.status(t, in, http.MethodPost, "/keys/"+in.id+"/rotate", "{}", http.StatusNotFound)
}

func TestASessionByKeyCanDoNoMoreThanTheKey(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, _ := s.Org(t, "Northern Broadcasting", "TEAM", "ada@club.example")
	_, reads := s.Key(t, org, "Reads keys", "keys:read")
	in := s.starts(t, map[string]any{"key": reads}, "")
	s.status(t, in, http.MethodGet, "/keys", "", http.StatusOK)
	s.status(t, in, http.MethodPost, "/keys", `{"name": "More", "scopes": ["read:leagues"]}`, http.StatusForbidden)
	s.status(t, in, http.MethodGet, "/audit", "", http.StatusForbidden)
	s.status(t, in, http.MethodGet, "/football/leagues", "", http.StatusForbidden)
}

// TestASessionEndsWithWhatItBeganWith ends what a session depends on: the session is refused on
// the next request, and cannot be renewed.
func TestASessionEndsWithWhatItBeganWith(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	ends := map[string]func(t *testing.T, org, user, key string){
		"the key is revoked": func(t *testing.T, _, _, key string) {
			s.Call(t, s.Operator, http.MethodPost, "/keys/"+key+"/revoke", "")
		},
		"the member is suspended": func(t *testing.T, org, user, _ string) {
			s.Call(t, s.Operator, http.MethodPatch, "/orgs/"+org+"/members/"+user, `{"state": "suspended"}`)
		},
		"the member is removed": func(t *testing.T, org, user, _ string) {
			s.Call(t, s.Operator, http.MethodDelete, "/orgs/"+org+"/members/"+user, "")
		},
		"the owner ends all of the member's sessions": func(t *testing.T, org, user, _ string) {
			_, owners := s.Key(t, org, "Owner's", "orgs:read", "orgs:write", "keys:write")
			s.Call(t, owners, http.MethodDelete, "/sessions?user="+user, "")
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org, _ := s.Org(t, "Org of "+name, "TEAM", "ada@club.example")
			user := s.member(t, org, "mo@club.example", "admin")
			reply := s.Call(t, s.Operator, http.MethodPost, "/keys", fmt.Sprintf(`{"name": "Began", "org": %q, "user": %q, "scopes": ["keys:read"]}`, org, user))
			key, _ := found(reply.Body, "id").(string)
			secret, _ := found(reply.Body, "secret").(string)
			if reply.Status != http.StatusCreated {
				t.Fatalf("creating a key: %d %s", reply.Status, reply.Body)
			}
			in := s.starts(t, map[string]any{"key": secret}, "")
			s.status(t, in, http.MethodGet, "/keys", "", http.StatusOK)
			end(t, org, user, key)
			s.status(t, in, http.MethodGet, "/keys", "", http.StatusUnauthorized, http.StatusForbidden)
			if reply := s.asks(t, "renew", "{}", in.cookie); reply.Status != http.StatusUnauthorized && !strings.Contains(string(reply.Body), "suspended") {
				t.Errorf("renewing: got %d %.200s, want 401", reply.Status, reply.Body)
			}
		})
	}
}
