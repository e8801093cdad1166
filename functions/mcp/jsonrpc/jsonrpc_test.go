package jsonrpc_test

import (
	"bytes"
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
		`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"find"}}`:                                {"", "tools/call", ""},
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

// TestIDsThatDecodersChangeAreRefused covers integers beyond ±(2^53−1): decoders that read numbers as
// floating-point numbers, such as the SDK's, return another integer.
func TestIDsThatDecodersChangeAreRefused(t *testing.T) {
	t.Parallel()
	for id, ok := range map[string]bool{
		"9007199254740991": true, "-9007199254740991": true, `"9007199254740993"`: true, "0": true,
		"9007199254740992": false, "-9007199254740992": false, "9007199254740993": false, "9223372036854775807": false, "1e3": false, "1.0": false,
	} {
		m, e := jsonrpc.Decode([]byte(`{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}`))
		if ok && (e != nil || string(m.ID) != id) || !ok && (e == nil || e.Code != jsonrpc.InvalidRequest) {
			t.Errorf("id %s: got %s, %+v, want it kept: %v", id, m.ID, e, ok)
		}
	}
}

func TestParseErrorsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"a":}`: "at byte 6", `{"jsonrpc"`: "end", `{} {}`: "at byte 4",
		strings.Repeat("[", 11_000) + strings.Repeat("]", 11_000): "depth",
	} {
		if _, e := jsonrpc.Decode([]byte(body)); e == nil || !strings.Contains(e.Message, want) {
			t.Errorf("%.20s: got %+v, want %q", body, e, want)
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
		if e != nil || m.Method == "" {
			return
		}
		method, params := members(t, m.Encoded())
		if method != m.Method {
			t.Fatalf("got method %q, the message has %q", m.Method, method)
		}
		var named map[string]json.RawMessage
		_ = json.Unmarshal(params, &named)
		var name string
		_ = json.Unmarshal(named["name"], &name)
		if m.Method == "tools/call" && m.ID != nil && name != m.Tool {
			t.Fatalf("got tool %q, the message has %q", m.Tool, name)
		}
	})
}

// members returns the first method and params of an object. It fails the test if one of them
// is there twice.
func members(t *testing.T, object []byte) (method string, params json.RawMessage) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil || seen[name] {
			t.Fatalf("%s: %v is there twice, or %v", object, name, err)
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		switch name {
		case "method":
			_ = json.Unmarshal(value, &method)
		case "params":
			params = value
		}
	}
	return method, params
}
