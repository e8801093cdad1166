package console

import (
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
// session of the console.
func TestTheReferenceTriesAnOperation(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		s.click(link("API reference"))
		summary := ""
		for _, r := range api.For(s.Contract) {
			if r.Operation == "listKeys" {
				summary = r.Summary
			}
		}
		article := at{CSS: "#listKeys"}
		s.click(article, button("Try it"))
		form := at{Role: "form", Name: "Try " + summary}
		s.see(article, form)
		s.see(article, words("/Signed in/"))
		shared.lookAt(s.tab, s.name+" reference with a form", article.CSS)
		s.click(article, button("Send GET"))
		s.see(article, at{Role: "group", Name: "Body of the answer"})
		if text := s.text(article); !strings.Contains(text, "200") {
			t.Errorf("the answer is not shown as a success:\n%s", text)
		}
		all := secrets{"operator's key": s.Operator}
		for n, token := range s.tokens() {
			all["access token "+string(rune('1'+n%9))] = token
		}
		search(t, append(s.inPage(), s.inBrowser()...), all)
	})
}
