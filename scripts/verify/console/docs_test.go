package console

import (
	"net/http"
	"strings"
	"testing"

	"statgate/shared/api"
)

func TestTheReferenceBreaksNoRuleOfAccessibility(t *testing.T) {
	t.Parallel()
	for _, name := range contracts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := deploy(t, name)
			v := visit(t)
			if status, _ := v.goes(s.URL + "/api-docs"); status != 200 {
				t.Fatalf("got %d, want 200", status)
			}
			shared.look(v.tab, name+" docs")
		})
	}
}

// TestTheReferenceTriesAnOperation calls an operation from its form in the reference, with the
// session of the console. The samples show the same call.
func TestTheReferenceTriesAnOperation(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.Key(t, org, "First bot", "keys:read")
		s.Key(t, org, "Second bot", "keys:read")
		s.enter(s.visitor, org, user)
		s.click(link("API reference"))
		article := s.opensForm(s.tab, "listKeys")
		s.see(article, words("/Signed in/"))
		shared.lookAt(s.tab, s.name+" reference with a form", article.CSS)
		s.fill("Second", article, field("q"))
		s.click(article, button("Send GET"))
		s.see(article, at{Role: "group", Name: "Body of the answer"})
		answer := s.text(article, at{CSS: ".tryit"})
		if !strings.Contains(answer, "200") || !strings.Contains(answer, "Second bot") || strings.Contains(answer, "First bot") {
			t.Errorf("the answer is not what the form asks for:\n%s", answer)
		}
		shared.lookAt(s.tab, s.name+" reference with an answer", article.CSS)
		for _, language := range []string{"curl", "JavaScript", "Python", "Go"} {
			s.choose(language, article, field("Language of the sample"))
			if sample := s.text(article, at{CSS: ".call pre"}); !strings.Contains(sample, "q=Second") || !strings.Contains(sample, "API_KEY") {
				t.Errorf("the sample in %s is another call:\n%s", language, sample)
			}
		}
		s.triesToRevoke(t)
		all := secrets{"operator's key": s.Operator}
		for n, token := range s.tokens() {
			all["access token "+string(rune('1'+n%9))] = token
		}
		search(t, append(s.inPage(), s.inBrowser()...), all)
	})
}

// opensForm opens the form of an operation, and returns the operation's part of the reference.
func (s *tale) opensForm(p *tab, operation string) (article at) {
	p.t.Helper()
	for _, r := range api.For(s.Contract) {
		if r.Operation == operation {
			article = at{CSS: "#" + operation}
			p.click(article, button("Try it"))
			p.see(article, at{Role: "form", Name: "Try " + r.Summary})
		}
	}
	return article
}

// triesToRevoke revokes a key in the reference, once without its id and once not at all.
func (s *tale) triesToRevoke(t *testing.T) {
	t.Helper()
	article := s.opensForm(s.tab, "revokeKey")
	s.fill("", article, field("key required"))
	s.click(article, button("Send POST"))
	s.see(article, words("key: is required"))
	s.fill("key_none", article, field("key required"))
	s.click(article, button("Send POST"))
	sure := dialog("Send this request?")
	s.see(sure)
	shared.lookAt(s.tab, s.name+" reference asks", "dialog")
	s.click(sure, button("Cancel"))
	s.see(article, words("Not sent."))
	for _, x := range s.seen().Traffic {
		if strings.Contains(x.URL, "key_none") {
			t.Errorf("a call that was not confirmed was sent: %s %s", x.Method, x.URL)
		}
	}
	s.allow(http.StatusNotFound, "/keys/key_none/revoke$")
	s.click(article, button("Send POST"))
	s.click(sure, button("Send POST"))
	s.see(article, at{Role: "group", Name: "Body of the answer"})
	if answer := s.text(article, at{CSS: ".tryit"}); !strings.Contains(answer, "404") {
		t.Errorf("the refusal is not shown:\n%s", answer)
	}
}

// TestTheReferenceTriesAnOperationWithAPastedKey calls an operation without a session.
func TestTheReferenceTriesAnOperationWithAPastedKey(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, _ := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		_, secret := s.Key(t, org, "Ada's bot", "keys:read")
		s.goes(s.URL + "/api-docs")
		article := s.opensForm(s.tab, "getSelf")
		s.see(article, link("Sign in to the console"))
		s.click(article, button("Send GET"))
		s.see(article, words("Sign in or paste a key first."))
		shared.lookAt(s.tab, s.name+" reference without a session", article.CSS)
		s.fill(secret, article, field("API key"))
		s.click(article, button("Send GET"))
		s.see(article, at{Role: "group", Name: "Body of the answer"})
		if answer := s.text(article, at{CSS: ".tryit"}); !strings.Contains(answer, "200") || !strings.Contains(answer, "Ada's bot") {
			t.Errorf("the key is not used:\n%s", answer)
		}
		search(t, append(s.inPage(), s.inBrowser()...), secrets{"pasted key": secret})
	})
}
