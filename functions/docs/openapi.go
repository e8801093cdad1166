package docs

import (
	"context"

	"statgate/shared/api"
)

func document(d Deps) api.Handler {
	return api.Handle("getOpenAPI", func(context.Context, *api.Request, *noInput) (api.Raw, error) {
		return api.Raw{ContentType: "application/json", Body: d.OpenAPI}, nil
	})
}
