package jsonrpc_test

import (
	"encoding/json"
	"strings"
	"testing"

	"statgate/functions/mcp/jsonrpc"
)

func TestInvalidEnvelopesGetTheCodeOfJSONRPC(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		``:                         jsonrpc.ParseError,
		`  `:                       jsonrpc.ParseError,
		`{`:                        jsonrpc.ParseError,
		`{} {}`:                    jsonrpc.ParseError,
		`nul`:                      jsonrpc.ParseError,
		"{\"a\":\"\x00\"}":         jsonrpc.ParseError,
		`[]`:                       jsonrpc.InvalidRequest,
		`[{"jsonrpc":"2.0"}]`:      jsonrpc.InvalidRequest,
		`null`:                     jsonrpc.InvalidRequest,
		`"ping"`:                   jsonrpc.InvalidRequest,
		`{}`:                       jsonrpc.InvalidRequest,
		`{"jsonrpc":"1.0"}`:        jsonrpc.InvalidRequest,
		`{"jsonrpc":2.0}`:          jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0"}`:        jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1}`: jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`:                       jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`:                        jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":{},"method":"ping"}`:                         jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1,"method":7}`:                               jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1,"method":""}`:                              jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`:              jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":null}`:            jsonrpc.InvalidRequest,
		`{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`:                   jsonrpc.InvalidRequest,
		`{"JSONRPC":"2.0","ID":1,"METHOD":"ping"}`:                          jsonrpc.InvalidRequest,
		strings.Repeat(`{"a":`, 11_000) + "1" + strings.Repeat("}", 11_000): jsonrpc.ParseError, // deeper than JSON is read
	} {
		if _, e := jsonrpc.Decode([]byte(body)); e == nil || e.Code != want {
			t.Errorf("%.60s: got %+v, want the code %d", body, e, want)
		}
	}
}

func TestEnvelopesOfRequestsNotificationsAndResponsesAreRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][3]string{ // id, method, tool
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`:                                                        {"1", "ping", ""},
		`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"find"}}`:                       {`"a"`, "tools/call", "find"},
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`:                                          {"", "notifications/initialized", ""},
		`{"jsonrpc":"2.0","id":1,"result":{}}`:                                                            {"1", "", ""},
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"name":"find"}}`:                         {"1", "tools/list", ""},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"find"}}`:                         {"1", "tools/call", ""},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}`:                              {"1", "tools/call", ""},
		`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"a","name":"b"}}`: {"1", "tools/call", "b"},
	} {
		m, e := jsonrpc.Decode([]byte(body))
		if e != nil || string(m.ID) != want[0] || m.Method != want[1] || m.Tool != want[2] {
			t.Errorf("%s: got %+v, %+v, want %q", body, m, e, want)
		}
	}
}

// FuzzWhatIsCountedIsWhatIsCalled decodes the encoded message again: a reader that takes
// another one of two equal names must not find another tool.
func FuzzWhatIsCountedIsWhatIsCalled(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"a","name":"b"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"params":{}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"ping","params":{"n\u0061me":"a"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, e := jsonrpc.Decode(body)
		if e != nil {
			return
		}
		again := m.Encoded()
		var first, last struct {
			Method string
			Params json.RawMessage
		}
		if err := json.Unmarshal(again, &last); err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(strings.NewReader(string(again)))
		seen := map[string]bool{}
		depth := 0
		for {
			token, err := dec.Token()
			if err != nil {
				break
			}
			switch v := token.(type) {
			case json.Delim:
				if v == '{' || v == '[' {
					depth++
				} else {
					depth--
				}
			case string:
				if depth == 1 && (v == "method" || v == "params") {
					if seen[v] {
						t.Fatalf("%s: %s is given twice", again, v)
					}
					seen[v] = true
					if v == "params" {
						_ = dec.Decode(&first.Params)
					} else {
						_ = dec.Decode(&first.Method)
					}
				}
			}
		}
		if first.Method != m.Method && m.Method != "" {
			t.Fatalf("got method %q, the message has %q", m.Method, first.Method)
		}
		var named map[string]json.RawMessage
		_ = json.Unmarshal(first.Params, &named)
		var name string
		_ = json.Unmarshal(named["name"], &name)
		if m.Method == "tools/call" && name != m.Tool {
			t.Fatalf("got tool %q, the message has %q", m.Tool, name)
		}
	})
}
