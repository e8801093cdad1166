package deployment_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

// badTexts are JSON strings, without quotes, that no text that people read may have.
var badTexts = map[string]string{
	"zero-width space": `a\u200bb`, "line separator": `a\u2028b`, "right-to-left override": `a\u202eb`, "NUL": `a\u0000b`, "escape code": `\u001b[31mred`,
	"lone high surrogate": `a\ud800b`, "lone low surrogate": `a\udc00b`, "reversed surrogates": `\udc00\ud800`, "invalid UTF-8": "a\xffb", "an encoded surrogate": "a\xed\xa0\x80b",
	"replacement character": "a\ufffdb", "raw zero-width space": "a\u200bb",
}

// textField is a field of a body for text that people read.
type textField struct {
	method, path, body string // body has %s in the place of the text
	field              string
}

func textFields(org, user, key, hook string) []textField {
	return []textField{
		{"POST", "/orgs", `{"name":"%s","owner":"o@example.com"}`, "name"},
		{"POST", "/orgs", `{"name":"n","owner":"%s@example.com"}`, "owner"},
		{"PATCH", "/orgs/" + org, `{"name":"%s"}`, "name"},
		{"POST", "/orgs/" + org + "/members", `{"email":"%s@example.com","role":"member"}`, "email"},
		{"PATCH", "/orgs/" + org + "/members/" + user, `{"email":"%s@example.com"}`, "email"},
		{"POST", "/keys", `{"name":"%s","scopes":["read:teams"],"org":"` + org + `"}`, "name"},
		{"POST", "/keys", `{"name":"n","scopes":["%s"],"org":"` + org + `"}`, "scopes[0]"},
		{"POST", "/keys", `{"name":"n","scopes":["read:teams"],"metadata":{"a":{"b":["%s"]}},"org":"` + org + `"}`, "metadata.a.b[0]"},
		{"POST", "/keys", `{"name":"n","scopes":["read:teams"],"metadata":{"%s":1},"org":"` + org + `"}`, "metadata"},
		{"PATCH", "/keys/" + key, `{"name":"%s"}`, "name"},
		{"PATCH", "/keys/" + key, `{"metadata":{"a":"%s"}}`, "metadata.a"},
		{"POST", "/webhooks", `{"url":"https://example.com/%s"}`, "url"},
		{"POST", "/webhooks", `{"url":"https://example.com/","description":"%s"}`, "description"},
		{"PATCH", "/webhooks/" + hook, `{"description":"%s"}`, "description"},
		{"POST", "/football/matches", strings.Replace(friendly, "Harbour Works", "%s", 1), "home.name"},
		{"POST", "/football/matches", strings.Replace(friendly, "Friendly", "%s", 1), "round"},
	}
}

func TestInvisibleAndBrokenTextIsRefusedAndNamesTheField(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, user := w.Org(t, "Writers", "ENTERPRISE", "w@example.com")
	key, secret := w.Key(t, org, "writer", "read:matches", "read:teams", "read:leagues", "write:matches", "write:webhooks")
	hook := ok(t, w.Call(t, secret, "POST", "/webhooks", `{"url":"https://example.com/h"}`), 201)["id"].(string)
	for _, f := range textFields(org, user, key, hook) {
		caller := w.Operator
		if strings.HasPrefix(f.path, "/webhooks") || strings.HasPrefix(f.path, "/football") {
			caller = secret
		}
		for name, bad := range badTexts {
			r := w.Call(t, caller, f.method, f.path, strings.Replace(f.body, "%s", bad, 1))
			if r.Status != 422 {
				t.Errorf("%s %s %s, %s: got %d %s, want 422", f.method, f.path, f.field, name, r.Status, r.Body)
				continue
			}
			fields := r.JSON(t)["details"].(map[string]any)["fieldErrors"].(map[string]any)
			if fields[f.field] == nil && f.field != "metadata" {
				t.Errorf("%s %s, %s: got errors of %v, want %s", f.method, f.path, name, fields, f.field)
			}
		}
	}
	for name, bad := range map[string]string{"zero-width space": "a\u200b", "NUL": "a\x00", "invalid UTF-8": "a\xff", "override": "\u202ea", "replacement character": "a\ufffd"} {
		for at, field := range map[string]string{"/football/teams?q=": "q", "/football/matches?league=": "league", "/football/matches?league=en.1&season=2015-16&stage=": "stage", "/football/matches?ids=a,": "ids"} {
			r := w.Call(t, secret, "GET", at+url.QueryEscape(bad), "")
			if r.Status != 400 || !strings.Contains(string(r.Body), field+":") {
				t.Errorf("%s%s: got %d %s, want 400 that names %s", at, name, r.Status, r.Body, field)
			}
		}
	}
}

func TestTextIsStoredCleanAndReadBackAsStored(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Writers", "ENTERPRISE", "w@example.com")
		_, secret := w.Key(t, org, "writer", "read:matches", "read:teams", "read:leagues", "write:matches", "write:webhooks")
		for sent, want := range map[string]string{
			`  Cafe\u0301\u00a0FC  `: "Café FC", "👨‍👩‍👧‍👦 🏳️‍🌈 1️⃣": "👨‍👩‍👧‍👦 🏳️‍🌈 1️⃣", `\ud83d\ude00`: "😀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England": "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England", "ＦＣ 東京": "ＦＣ 東京", "می\u200cخواهم": "می\u200cخواهم",
		} {
			made := ok(t, w.Call(t, w.Operator, "POST", "/keys", `{"name":"`+sent+`","scopes":["read:teams"],"org":"`+org+`","metadata":{"`+sent+`":"`+sent+`","n":1.50}}`), 201)
			read := ok(t, w.Call(t, w.Operator, "GET", "/keys/"+made["id"].(string), ""), 200)
			for _, got := range []map[string]any{made, read} {
				if m := got["metadata"].(map[string]any); got["name"] != want || m[want] != want {
					t.Errorf("%q: got %q and %v, want %q", sent, got["name"], m, want)
				}
			}
			match := ok(t, w.Call(t, secret, "POST", "/football/matches", strings.Replace(strings.Replace(friendly, "Friendly", sent, 1), "Harbour Works", sent, 1)), 201)
			if side := match["home"].(map[string]any); match["round"] != want || side["name"] != want {
				t.Errorf("%q: got %v and %v, want %q", sent, match["round"], side["name"], want)
			}
		}
		hook := ok(t, w.Call(t, secret, "POST", "/webhooks", `{"url":"https://example.com/h","description":" one\r\ntwo\rthree\n"}`), 201)
		if hook["description"] != "one\ntwo\nthree" {
			t.Errorf("got description %q", hook["description"])
		}
		isError(t, w.Call(t, w.Operator, "POST", "/keys", `{"name":" \u00a0 ","org":"`+org+`"}`), 422, "validation_failed")
		isError(t, w.Call(t, w.Operator, "POST", "/keys", `{"name":"n","scopes":["read:teams"],"org":"`+org+`","metadata":{"a":1," a":2}}`), 422, "validation_failed")
	})
}

func TestAnAddressInAnotherCaseOrWidthIsTheSameMember(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Writers", "TEAM", "ada@example.com")
	add := func(email string) deploymenttest.Reply {
		raw, err := json.Marshal(map[string]string{"email": email, "role": "member"})
		if err != nil {
			t.Fatal(err)
		}
		return w.Call(t, w.Operator, "POST", "/orgs/"+org+"/members", string(raw))
	}
	for _, same := range []string{"ADA@example.com", "ａｄａ@example.com", " ada@example.com"} {
		isError(t, add(same), 409, "conflict")
	}
	stored := ok(t, add("Ｂｏｂ@example.com"), 201)
	if stored["email"] != "Ｂｏｂ@example.com" {
		t.Errorf("got %q: stored text must not be folded", stored["email"])
	}
	isError(t, add("bob@example.com"), 409, "conflict")
}

func TestTextOfContestsAndAccountsHasTheSameRule(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	org, user := w.Org(t, "Players", "GENERAL", "p@example.com")
	for name, bad := range badTexts {
		for _, f := range []textField{
			{"PUT", "/contestants/team/t1", `{"slug":"s","name":"%s","members":[]}`, "name"},
			{"PUT", "/contestants/team/t1", `{"slug":"%s","name":"n","members":[]}`, "slug"},
			{"PUT", "/contestants/team/t1", `{"slug":"s","name":"n","members":[{"user":"%s","state":"active"}]}`, "members[0].user"},
			{"PUT", "/orgs/" + org + "/members/" + user + "/connections", `{"connections":[{"platform":"discord","id":"1","name":"%s"}]}`, "connections[0].name"},
			{"PUT", "/orgs/" + org + "/members/" + user + "/connections", `{"connections":[{"platform":"discord","id":"%s","name":"n"}]}`, "connections[0].id"},
			{"POST", "/applications", `{"kind":"general","reason":"%s"}`, "reason"},
		} {
			if r := w.Call(t, w.Operator, f.method, f.path, strings.Replace(f.body, "%s", bad, 1)); r.Status != 400 || !strings.Contains(string(r.Body), f.field+":") {
				t.Errorf("%s %s %s, %s: got %d %s, want 400 that names the field", f.method, f.path, f.field, name, r.Status, r.Body)
			}
		}
	}
}
