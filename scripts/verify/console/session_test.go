package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

// signedIn is a session as a page has it: a token, and the cookie that renews it.
type signedIn struct {
	token, cookie, id string
}

// asks sends a POST to an endpoint of sessions, as the page of the deployment does. Headers are
// pairs of name and value; an empty value leaves a header out.
func (s *site) asks(t *testing.T, endpoint, body, cookie string, headers ...string) deploymenttest.Reply {
	t.Helper()
	sent := map[string]string{"Origin": s.URL, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
	if cookie != "" {
		sent["Cookie"] = "statgate_session=" + cookie
	}
	for i := 0; i+1 < len(headers); i += 2 {
		sent[headers[i]] = headers[i+1]
	}
	var pairs []string
	for name, value := range sent {
		pairs = append(pairs, name, value)
	}
	reply, err := s.Try("", http.MethodPost, s.URL+sessionPath+endpoint, body, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// answered reads a session answer; ok is false if it has another shape.
func answered(reply deploymenttest.Reply) (in signedIn, ok bool) {
	var got struct {
		AccessToken string `json:"access_token"`
		Session     struct{ ID string }
	}
	if json.Unmarshal(reply.Body, &got) != nil || reply.Status != http.StatusOK || got.AccessToken == "" {
		return signedIn{}, false
	}
	in = signedIn{token: got.AccessToken, id: got.Session.ID}
	for _, c := range (&http.Response{Header: reply.Header}).Cookies() {
		if c.Name == "statgate_session" {
			in.cookie = c.Value
		}
	}
	return in, in.cookie != ""
}

// starts signs in and fails the test if that is refused.
func (s *site) starts(t *testing.T, how map[string]any, cookie string) signedIn {
	t.Helper()
	raw, err := json.Marshal(how)
	if err != nil {
		t.Fatal(err)
	}
	reply := s.asks(t, "start", string(raw), cookie)
	in, ok := answered(reply)
	if !ok {
		t.Fatalf("signing in: %d %.300s", reply.Status, reply.Body)
	}
	return in
}

// link returns the address of a new portal link of a member, and its code.
func (s *site) link(t testing.TB, org, user string) (url, code string) {
	t.Helper()
	reply := s.Call(t, s.Operator, http.MethodPost, "/orgs/"+org+"/members/"+user+"/portal-links", "{}")
	url, _ = found(reply.Body, "url").(string)
	if reply.Status != http.StatusCreated || url == "" {
		t.Fatalf("creating a portal link: %d %.300s", reply.Status, reply.Body)
	}
	return url, url[strings.LastIndexAny(url, "/=#")+1:]
}

// member adds a member to an organisation and returns the user's id.
func (s *site) member(t testing.TB, org, email, role string) (user string) {
	t.Helper()
	reply := s.Call(t, s.Operator, http.MethodPost, "/orgs/"+org+"/members", fmt.Sprintf(`{"email": %q, "role": %q}`, email, role))
	user, _ = found(reply.Body, "user").(string)
	if reply.Status != http.StatusCreated || user == "" {
		t.Fatalf("adding a member: %d %.300s", reply.Status, reply.Body)
	}
	return user
}

// found returns the first value of a field at any depth of a JSON text, or nil.
func found(body []byte, field string) any {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	return within(v, field)
}

func within(v any, field string) any {
	switch v := v.(type) {
	case map[string]any:
		if at, ok := v[field]; ok {
			return at
		}
		for _, part := range v {
			if at := within(part, field); at != nil {
				return at
			}
		}
	case []any:
		for _, part := range v {
			if at := within(part, field); at != nil {
				return at
			}
		}
	}
	return nil
}
