package edge_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/edge"
	"statgate/shared/platform/edge/edgetest"
)

func load(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run calls the function with CloudFront's viewer-request event.
func run(t *testing.T, c *contract.Contract, method, uri string, h http.Header, q url.Values) map[string]any {
	t.Helper()
	code, err := edge.Function(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := edgetest.Request(code, method, uri, h, q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// secrets replace K1 and K2 of the table by well-formed secrets.
var secrets = map[string]*strings.Replacer{
	"statgate":    strings.NewReplacer("K1", "sg_live_"+strings.Repeat("a", 43), "K2", "sg_live_"+strings.Repeat("b", 43)),
	"balla":       strings.NewReplacer("K1", "balla_sk_"+strings.Repeat("a", 64), "K2", "balla_sk_"+strings.Repeat("b", 64)),
	"teambattles": strings.NewReplacer("K1", "tb_"+strings.Repeat("a", 64)),
}

func filled(r *strings.Replacer, m map[string][]string) map[string][]string {
	out := map[string][]string{}
	for name, values := range m {
		for _, v := range values {
			out[name] = append(out[name], r.Replace(v))
		}
	}
	return out
}

func TestFunctionPicksTheSameSecretAsTheLocalGateway(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "access", "transport", "testdata", "requests.json"))
	if err != nil {
		t.Fatal(err)
	}
	var requests []struct {
		Name, Contract, Channel string
		Headers                 http.Header
		Query                   url.Values
		Secret, Condition       string
	}
	if err := json.Unmarshal(raw, &requests); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, r := range requests {
		if r.Channel != "http" {
			continue // the WebSocket API is not behind this function
		}
		ran++
		c, fill := load(t, r.Contract), secrets[r.Contract]
		got := run(t, c, "GET", c.Base+"/keys", filled(fill, r.Headers), filled(fill, r.Query))
		headers, _ := got["headers"].(map[string]any)
		sent, _ := headers["authorization"].(map[string]any)
		switch {
		case r.Secret != "":
			if sent["value"] != "Bearer "+fill.Replace(r.Secret) {
				t.Errorf("%s: got %v", r.Name, got)
			}
		case r.Condition == api.SecretMissing && !edge.DistinguishesMissing(c):
			if got["uri"] == nil || sent != nil {
				t.Errorf("%s: got %v, want it passed on without a key", r.Name, got)
			}
		default:
			isRefusal(t, r.Name, c, got, r.Condition)
		}
		if headers["x-api-key"] != nil || got["querystring"] != nil && got["querystring"].(map[string]any)["api_key"] != nil {
			t.Errorf("%s: a transport was left in: %v", r.Name, got)
		}
	}
	if ran < 10 {
		t.Errorf("only %d requests of the table were run", ran)
	}
}

func isRefusal(t *testing.T, name string, c *contract.Contract, got map[string]any, condition string) {
	t.Helper()
	want := c.Condition(condition)
	body, _ := got["body"].(map[string]any)
	text, _ := body["data"].(string)
	headers, _ := got["headers"].(map[string]any)
	cors, _ := headers["access-control-allow-origin"].(map[string]any)
	challenge, _ := headers["www-authenticate"].(map[string]any)
	if got["statusCode"] != float64(want.Status) || !strings.Contains(text, want.Code) || cors["value"] != "*" || challenge["value"] != "Bearer" || strings.Contains(text, "$context") {
		t.Errorf("%s: got %v, want %+v", name, got, want)
	}
}

func TestEdgeRefusesMalformedKeys(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	good := "sg_live_" + strings.Repeat("a", 43)
	for _, bad := range []string{"x", good + "a", good[:len(good)-1], good[:20] + "-" + good[21:], "sk_live_" + strings.Repeat("a", 43), good + "\n", strings.Repeat("a", 8000)} {
		got := run(t, c, "GET", "/v1/keys", http.Header{"X-Api-Key": {bad}}, nil)
		isRefusal(t, bad, c, got, api.SecretMalformed)
		if raw, _ := json.Marshal(got); strings.Contains(string(raw), bad) && len(bad) > 1 {
			t.Errorf("the answer holds the key: %s", raw)
		}
	}
}

func TestPreflightAndOpenPathsPassWithoutAKey(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	for _, r := range []struct{ method, uri string }{{"OPTIONS", "/v1/keys"}, {"GET", "/health"}, {"GET", "/openapi.json"}, {"GET", "/"}} {
		got := run(t, c, r.method, r.uri, http.Header{"X-Api-Key": {"junk"}, "Authorization": {"Basic x"}}, url.Values{"api_key": {"junk"}, "limit": {"1"}})
		headers, _ := got["headers"].(map[string]any)
		query, _ := got["querystring"].(map[string]any)
		if got["uri"] != r.uri || headers["authorization"] != nil || headers["x-api-key"] != nil || len(headers) != 2 || len(query) != 1 {
			t.Errorf("%s %s: got %v", r.method, r.uri, got)
		}
	}
}

func TestFunctionTellsTheAPIOfTheViewerAsTheLocalGatewayDoes(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	for _, f := range edgetest.Forwards {
		got := run(t, c, f.Method, f.Path, f.Header, nil)
		headers, _ := got["headers"].(map[string]any)
		for name, want := range f.Want {
			sent, _ := headers[strings.ToLower(name)].(map[string]any)
			if value, _ := sent["value"].(string); value != want || sent["multiValue"] != nil {
				t.Errorf("%s: got %s %v, want %q", f.Name, name, sent, want)
			}
		}
	}
}

// The console's requests get the same headers, and keep those that guard against other sites.
func TestFunctionPassesTheConsoleOnWithoutAKey(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	for method, path := range map[string]string{"GET": "/console", "HEAD": "/console/app.4FJ2Q7XN.js", "POST": "/console/session/start"} {
		got := run(t, c, method, path, http.Header{"Host": {"api.example.com"}, "Authorization": {"Bearer x"}, "X-Api-Key": {"x"},
			"Origin": {"https://api.example.com"}, "Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/json"}}, nil)
		raw, err := json.Marshal(got["headers"])
		if err != nil {
			t.Fatal(err)
		}
		want := `{"content-type":{"value":"application/json"},"host":{"value":"api.example.com"},"origin":{"value":"https://api.example.com"},"sec-fetch-site":{"value":"same-origin"},` +
			`"x-statgate-host":{"value":"api.example.com"},"x-statgate-viewer":{"value":"203.0.113.7"}}`
		if got["uri"] != path || string(raw) != want {
			t.Errorf("%s %s: got %v, want the headers %s", method, path, got, want)
		}
	}
}

func TestKindOfAPathIsThatOfTheFirstBehaviourThatMatches(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	for path, want := range map[string]edge.Kind{
		"/console": edge.Documents, "/api-docs": edge.Documents, "/openapi.json": edge.Documents,
		"/console/app.4FJ2Q7XN.js": edge.Assets, "/console/session": edge.Assets, "/console/": edge.Assets,
		"/console/session/start": edge.Sessions, "/console/session/": edge.Sessions, "/console/session/a/b": edge.Sessions,
		"/": edge.Other, "/health": edge.Other, "/v1/keys": edge.Other, "/consoles": edge.Other, "/v1/console": edge.Other,
	} {
		if got := edge.KindOf(edge.Behaviours(c), path); got != want {
			t.Errorf("%s: got kind %d, want %d", path, got, want)
		}
	}
	c.NoConsole = true
	for _, path := range []string{"/console", "/console/app.4FJ2Q7XN.js", "/console/session/start"} {
		if got := edge.KindOf(edge.Behaviours(c), path); got != edge.Other {
			t.Errorf("without a console, %s: got kind %d, want that of every path", path, got)
		}
	}
}

func TestFunctionFitsCloudFrontForEveryContractAndCallsNoUnsupportedAPI(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		code, err := edge.Function(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if forbidden := regexp.MustCompile(`\b(require|import|fetch|setTimeout|eval|process)\b\s*\(`).FindString(code); forbidden != "" {
			t.Errorf("%s: the function uses %s", name, forbidden)
		}
	}
}

func TestEdgeIsNeededWhereAPIGatewayCannotServeTheContract(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"statgate": true, "balla": false, "scorelytics": true, "teambattles": true, "fullengage": false} {
		if got := edge.Needed(load(t, name)); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
