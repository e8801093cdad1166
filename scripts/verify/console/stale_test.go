package console

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// scriptName is the name of a page's script, with the hash of its content.
var scriptName = regexp.MustCompile(`(src="[a-z-]+/[a-z]+\.)([0-9A-Za-z]+)(\.js")`)

// TestAPageOfAnEarlierDeploymentLoadsAgain opens each page while a cache has it of an earlier
// deployment, whose script is gone.
func TestAPageOfAnEarlierDeploymentLoadsAgain(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		for page, ready := range map[string]at{"/console": heading("Sign in to the console"), "/api-docs": {Role: "searchbox", Name: "Search endpoints"}} {
			reply, err := s.Try("", http.MethodGet, s.URL+page, "")
			if err != nil {
				t.Fatal(err)
			}
			earlier := scriptName.ReplaceAllString(string(reply.Body), "${1}EARLIER1${3}")
			if earlier == string(reply.Body) {
				t.Fatalf("%s has no script", page)
			}
			headers := map[string]string{}
			for _, name := range []string{"Content-Type", "Content-Security-Policy", "Cache-Control"} {
				headers[strings.ToLower(name)] = reply.Header.Get(name)
			}
			v := visit(t)
			v.answer(page+"$", http.StatusOK, earlier, headers)
			v.goes(s.URL + page)
			v.see(words("/This page was replaced by a new version/"))
			shared.lookAt(v.tab, s.name+" replaced "+strings.Trim(page, "/"), "main > p:last-child")
			v.answer("", -1, "", nil)
			v.see(ready)
			if n := v.count(words("/This page was replaced/")); n != 0 {
				t.Errorf("%s still says that it was replaced", page)
			}
		}
	})
}
