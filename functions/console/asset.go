package console

import (
	"context"

	"statgate/shared/api"
)

type assetInput struct {
	Asset string `json:"asset" text:"id" doc:"File name, which contains a hash of the content" example:"app.4FJ2Q7XN.js"`
}

func asset(d Deps) api.Handler {
	return api.Handle("getConsoleAsset", func(_ context.Context, _ *api.Request, in *assetInput) (api.Raw, error) {
		if d.Site != nil {
			if file, ok := api.Asset(d.Site.assets, in.Asset); ok {
				return file, nil
			}
		}
		return api.Raw{}, api.Fail(api.NotFound, "no such file of the console")
	})
}
