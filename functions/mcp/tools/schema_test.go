package tools

import (
	"reflect"
	"strings"
	"testing"
)

type hiddenPart struct {
	Won int `json:"won"`
}

type ShownPart struct {
	Won int `json:"won" doc:"Matches won"`
}

func TestOutputSchemaHasEveryFieldOfTheResult(t *testing.T) {
	t.Parallel()
	shown := reflect.TypeFor[struct {
		Rows []struct{ ShownPart } `json:"rows"`
	}]()
	if schema, err := outputSchema(shown); err != nil || !strings.Contains(string(schema), `"won"`) {
		t.Errorf("got %s and %v, want the field won", schema, err)
	}
	hidden := reflect.TypeFor[struct {
		Rows []struct{ hiddenPart } `json:"rows"`
	}]()
	if schema, err := outputSchema(hidden); err == nil {
		t.Errorf("got %s without the field won, want an error", schema)
	}
}
