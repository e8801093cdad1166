package console

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// forgeries are requests to the endpoints of sessions that the page of the deployment never
// sends: what pages elsewhere, forms and programs can make a browser send.
var forgeries = []struct {
	name    string
	headers []string
}{
	{"without an origin", []string{"Origin", ""}},
	{"of another origin", []string{"Origin", "https://attacker.example"}},
	{"of a page without origin", []string{"Origin", "null"}},
	{"of another port", []string{"Origin", "http://127.0.0.1:1"}},
	{"of another scheme", []string{"Origin", "https://127.0.0.1"}},
	{"of an origin that begins alike", []string{"Origin", "%URL%.attacker.example"}},
	{"of another site", []string{"Sec-Fetch-Site", "cross-site"}},
	{"of the same site", []string{"Sec-Fetch-Site", "same-site"}},
	{"that a person typed", []string{"Sec-Fetch-Site", "none"}},
	{"without a site", []string{"Sec-Fetch-Site", ""}},
	{"of a form", []string{"Content-Type", "application/x-www-form-urlencoded"}},
	{"of a form of texts", []string{"Content-Type", "text/plain"}},
}

func TestSessionsAnswerNoOtherPage(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, user := s.Org(t, "Northern Broadcasting", "PRO", "ada@club.example")
	_, code := s.link(t, org, user)
	in := s.starts(t, map[string]any{"link": code}, "")
	_, other := s.link(t, org, user)
	for _, f := range forgeries {
		for endpoint, body := range map[string]string{"start": fmt.Sprintf(`{"link": %q}`, other), "renew": "{}", "end": "{}"} {
			for _, cookie := range []string{"", in.cookie} {
				headers := append([]string{}, f.headers...)
				headers[1] = strings.ReplaceAll(headers[1], "%URL%", s.URL)
				reply := s.asks(t, endpoint, body, cookie, headers...)
				if reply.Status != http.StatusForbidden && !(f.headers[0] == "Content-Type" && reply.Status == http.StatusUnsupportedMediaType) {
					t.Errorf("%s, a request %s: got %d, want 403", endpoint, f.name, reply.Status)
				}
				if _, ok := answered(reply); ok || reply.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s, a request %s: has a token or a cookie", endpoint, f.name)
				}
				if reply.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s, a request %s: other pages may read the answer", endpoint, f.name)
				}
			}
		}
	}
	if reply := s.asks(t, "renew", "{}", in.cookie); reply.Status != http.StatusOK {
		t.Errorf("the session ended by a forged request: %d %s", reply.Status, reply.Body)
	}
	s.starts(t, map[string]any{"link": other}, "")
}

// TestPagesElsewhereGetNoToken does in a browser what the table of forgeries does by HTTP: the
// browser has the session's cookie.
func TestPagesElsewhereGetNoToken(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, user := s.Org(t, "Northern Broadcasting", "PRO", "ada@club.example")
	url, _ := s.link(t, org, user)
	v := visit(t)
	v.faulty = true // the browser tells of what it refuses
	v.goes(url)
	v.see(navigation)
	tries := `async () => {
		const got = [];
		const url = "` + s.URL + sessionPath + `renew";
		for (const how of [
			{ method: "POST", credentials: "include", headers: { "Content-Type": "application/json" }, body: "{}" },
			{ method: "POST", credentials: "include", body: "{}" },
			{ method: "POST", credentials: "include", mode: "no-cors", body: "{}" },
		]) {
			try { const r = await fetch(url, how); got.push(r.type + " " + r.status + " " + (await r.text())); } catch (e) { got.push(String(e)); }
		}
		return got.join("\n");
	}`
	for _, origin := range []string{elsewhere(t, ""), strings.Replace(elsewhere(t, ""), "127.0.0.1", "localhost", 1)} {
		v.goes(origin)
		var got string
		v.evaluate(tries, &got)
		if strings.Contains(got, "access_token") || strings.Contains(got, "basic") {
			t.Errorf("a page of %s read:\n%s", origin, got)
		}
	}
	n := 0
	for _, x := range v.seen().Traffic {
		if !strings.HasSuffix(x.URL, sessionPath+"renew") || strings.HasPrefix(x.RequestHeaders["referer"], s.URL) {
			continue
		}
		if n++; x.Status < http.StatusBadRequest {
			t.Errorf("%s %s from %s: got %d, want 403", x.Method, x.URL, x.RequestHeaders["origin"], x.Status)
		}
	}
	if n == 0 {
		t.Error("no forged request reached the deployment, so the test proves nothing")
	}
}

func TestSigningInTakesNoCookieOver(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, ada := s.Org(t, "Northern Broadcasting", "PRO", "ada@club.example")
	eve := s.member(t, org, "eve@club.example", "member")
	_, code := s.link(t, org, eve)
	attackers := s.starts(t, map[string]any{"link": code}, "")
	for name, planted := range map[string]string{"that the attacker made up": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN", "of the attacker's session": attackers.cookie} {
		_, code := s.link(t, org, ada)
		in := s.starts(t, map[string]any{"link": code}, planted)
		if in.cookie == planted || in.id == attackers.id {
			t.Errorf("a cookie %s was taken over", name)
		}
		if after, ok := answered(s.asks(t, "renew", "{}", planted)); ok && after.id != attackers.id {
			t.Errorf("a cookie %s opens the session %s of the person who signed in", name, after.id)
		}
	}
}

func TestAPortalLinkSignsInExactlyOnce(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	org, user := s.Org(t, "Northern Broadcasting", "PRO", "ada@club.example")
	_, code := s.link(t, org, user)
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			reply := s.asks(t, "start", fmt.Sprintf(`{"link": %q}`, code), "")
			mu.Lock()
			defer mu.Unlock()
			statuses[reply.Status]++
		})
	}
	all.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusOK]+statuses[http.StatusUnauthorized]+statuses[http.StatusTooManyRequests] != 12 {
		t.Errorf("12 uses of a link at once got %v, want one 200 and else 401", statuses)
	}
	if reply := s.asks(t, "start", fmt.Sprintf(`{"link": %q}`, code), ""); reply.Status != http.StatusUnauthorized && reply.Status != http.StatusTooManyRequests {
		t.Errorf("a used link: got %d, want 401", reply.Status)
	}
}
