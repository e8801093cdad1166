package openapi_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
)

// everyDocument runs a check on the document of each preset.
func everyDocument(t *testing.T, check func(t *testing.T, doc []byte)) {
	t.Helper()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, name)
			check(t, write(t, c, all(c)))
		})
	}
}

// objects calls visit for each object in a value, with its place.
func objects(place string, v any, visit func(place string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(place, v)
		for name, part := range v {
			objects(place+"/"+name, part, visit)
		}
	case []any:
		for i, part := range v {
			objects(fmt.Sprintf("%s/%d", place, i), part, visit)
		}
	}
}

func TestNoEnumerationContainsNull(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(t *testing.T, doc []byte) {
		var v any
		if err := json.Unmarshal(doc, &v); err != nil {
			t.Fatal(err)
		}
		objects("", v, func(place string, o map[string]any) {
			if values, ok := o["enum"].([]any); ok && slices.Contains(values, nil) {
				t.Errorf("%s has an enumeration with null, which oapi-codegen refuses", place)
			}
		})
	})
}

func TestAlternativesAreOneSchemaOrNull(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(t *testing.T, doc []byte) {
		objects("", at(t, doc, "components"), func(place string, o map[string]any) {
			for _, word := range []string{"anyOf", "oneOf", "allOf"} {
				list, ok := o[word].([]any)
				if !ok {
					continue
				}
				if len(list) != 2 || compact(t, list[1]) != `{"type":"null"}` {
					t.Errorf("%s: %s is %s, want one schema or null: ogen refuses other alternatives", place, word, compact(t, list))
				}
			}
		})
	})
}

// Client generators name the type of an enumeration or an object after its place: the
// component and the property.
func TestNoComponentHasTheNameOfAPropertyOfAnother(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(t *testing.T, doc []byte) {
		components, _ := at(t, doc, "components", "schemas").(map[string]any)
		for component, v := range components {
			properties, _ := v.(map[string]any)["properties"].(map[string]any)
			for property, p := range properties {
				name := component + joined(property)
				if components[name] != nil && p.(map[string]any)["$ref"] != "#/components/schemas/"+name {
					t.Errorf("the component %s has the name of the property %s of %s", name, property, component)
				}
			}
		}
	})
}

// joined writes "as_of" and "asOf" as AsOf.
func joined(property string) string {
	var b strings.Builder
	for _, part := range strings.Split(property, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func TestEverySchemaIsReachedFromAPath(t *testing.T) {
	t.Parallel()
	ref := regexp.MustCompile(`"#/components/(\w+)/([^"]+)"`)
	everyDocument(t, func(t *testing.T, doc []byte) {
		reached := map[string]bool{}
		var visit func(v any)
		visit = func(v any) {
			for _, found := range ref.FindAllStringSubmatch(compact(t, v), -1) {
				if key := found[1] + "/" + found[2]; !reached[key] {
					reached[key] = true
					visit(at(t, doc, "components", found[1], found[2]))
				}
			}
		}
		visit(at(t, doc, "paths"))
		for name := range at(t, doc, "components", "schemas").(map[string]any) {
			if !reached["schemas/"+name] {
				t.Errorf("no path reaches the schema %s; oapi-codegen drops it", name)
			}
		}
	})
}

func TestEventsAreCallbacksWithATagOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	doc := write(t, c, all(c))
	var whole map[string]any
	if err := json.Unmarshal(doc, &whole); err != nil {
		t.Fatal(err)
	}
	if whole["webhooks"] != nil {
		t.Error("the document has webhooks, for which OpenAPI Generator writes Python that does not compile")
	}
	tags := map[string]bool{}
	for _, methods := range at(t, doc, "paths").(map[string]any) {
		for _, op := range methods.(map[string]any) {
			tags[op.(map[string]any)["tags"].([]any)[0].(string)] = true
		}
	}
	callbacks, _ := at(t, doc, "paths", "/v1/webhooks", "post", "callbacks").(map[string]any)
	for kind, v := range callbacks {
		tag := at(t, []byte(compact(t, v)), "{$request.body#/url}", "post", "tags").([]any)[0].(string)
		if tags[tag] {
			t.Errorf("%s has the tag %s of operations, want one of its own", kind, tag)
		}
	}
	if got, want := len(callbacks), 8; got != want {
		t.Errorf("createWebhook has %d callbacks, want %d", got, want)
	}
}

func TestEventsAreDocumentedUnderTheContractsNamesAndInItsEnvelope(t *testing.T) {
	t.Parallel()
	c := load(t, "teambattles")
	doc := write(t, c, all(c))
	callbacks, _ := at(t, doc, "paths", "/api/v1/webhooks", "post", "callbacks").(map[string]any)
	if got, want := len(callbacks), len(c.Webhooks.Events); got != want {
		t.Errorf("createWebhook has %d callbacks, want %d", got, want)
	}
	completed := []byte(compact(t, callbacks["match.completed"]))
	var headers []string
	for _, one := range at(t, completed, "{$request.body#/url}", "post", "parameters").([]any) {
		headers = append(headers, one.(map[string]any)["name"].(string))
	}
	if got, want := strings.Join(headers, " "), "webhook-id webhook-timestamp webhook-signature X-TeamBattles-Event"; got != want {
		t.Errorf("got the headers %s, want %s", got, want)
	}
	for path, want := range map[string]string{
		"MatchCompletedEvent": "id event created_at data", "ContestResult": "matchId gameId creatorTeamId acceptedTeamId winnerTeamId loserTeamId isDraw",
		"CreateWebhookInput": "url label events", "UpdateWebhookInput": "url label status events", "ListWebhooksResult": "webhooks count timestamp",
		"UpdateWebhookResult": "ok", "WebhookWithSecret": "id signingSecret secretPrefix",
	} {
		var names []string
		for _, name := range at(t, doc, "components", "schemas", path, "x-order").([]any) {
			names = append(names, name.(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got the fields %s, want %s", path, got, want)
		}
	}
	if at(t, doc, "paths", "/api/v1/webhooks/{webhook}/rotate-secret", "post").(map[string]any)["requestBody"] != nil {
		t.Error("rotateWebhook has a body, want none: the contract decides its fields")
	}
}

func TestDetailsOfAnErrorHaveProblemsOfFieldsAndFormTogether(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	check, err := openapi.Check(write(t, c, all(c)))
	if err != nil {
		t.Fatal(err)
	}
	for details, good := range map[string]bool{
		`null`: true, `{"fieldErrors":{"name":["is required"]},"formErrors":[]}`: true, `{"key":"key_1"}`: true,
		`{"fieldErrors":{}}`: false, `{"formErrors":[]}`: false, `{"fieldErrors":{"a":"b"},"formErrors":[]}`: false, `[]`: false, `"x"`: false,
	} {
		err := check.Error([]byte(`{"error":"not_found","message":"m","request_id":"r","details":` + details + `}`))
		if (err == nil) != good {
			t.Errorf("%s: got %v, want accepted: %t", details, err, good)
		}
	}
}
