package openapi_test

import (
	"testing"

	"statgate/functions"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
)

func BenchmarkDocument(b *testing.B) {
	c, err := preset.Load("statgate")
	if err != nil {
		b.Fatal(err)
	}
	handlers := functions.All(functions.Deps{Contract: c})
	for b.Loop() {
		if _, err := openapi.Document(c, handlers, ""); err != nil {
			b.Fatal(err)
		}
	}
}
