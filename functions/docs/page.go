package docs

import (
	"context"

	"statgate/shared/api"
)

func page(d Deps) api.Handler {
	return api.Handle("getDocs", func(context.Context, *api.Request, *noInput) (api.Raw, error) {
		return api.HTML(d.Page), nil
	})
}
