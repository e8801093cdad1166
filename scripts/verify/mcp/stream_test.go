package mcp

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestClientsOpenTheEventStreamAtMostTwiceInHalfAMinute decides whether a contract may offer
// the stream, which ends at once: a client that came back every second would cost as much as
// one that calls tools.
func TestClientsOpenTheEventStreamAtMostTwiceInHalfAMinute(t *testing.T) {
	t.Parallel()
	if !everything {
		t.Skip("make mcp waits for clients")
	}
	s := start(t, "scorelytics")
	if s.route(t, "streamMCP").Method != http.MethodGet {
		t.Fatal("the event stream is no GET")
	}
	for set, clients := range map[string][]client{"newest": newest, "older": older} {
		p, err := install(t.Context(), set, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range clients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				v := &verification{driver: started(t, c, p), site: s, client: c}
				_, secret := v.key(t, v.Contract.DefaultPlan, scopes[v.name]...)
				v.connected(t, secret)
				v.listed(t)
				time.Sleep(30 * time.Second) // the client's own time is what is tested
				opened := 0
				for _, one := range v.visited.all() {
					if one.method == http.MethodGet {
						opened++
					}
				}
				t.Logf("%s (%s): %d GETs in 30 s", c.name, c.revision, opened)
				if opened > 2 {
					t.Errorf("%d GETs in 30 s, want at most 2", opened)
				}
				if opened == 0 && strings.HasPrefix(c.name, "TypeScript SDK") {
					t.Error("it opens the stream at once, so this test does not see it")
				}
			})
		}
	}
}
