package console

import (
	"context"
	"path"

	"statgate/shared/api"
)

type assetInput struct {
	Asset string `json:"asset" text:"id" doc:"File name, which contains a hash of the content" example:"app.4FJ2Q7XN.js"`
}

// assetTypes are the media types of the bundle's files. The table of package mime depends on
// the machine.
var assetTypes = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
}

func asset(d Deps) api.Handler {
	return api.Handle("getConsoleAsset", func(_ context.Context, _ *api.Request, in *assetInput) (api.Raw, error) {
		if d.Site != nil {
			if content, ok := d.Site.assets[in.Asset]; ok {
				return api.Raw{ContentType: assetTypes[path.Ext(in.Asset)], Body: content}, nil
			}
		}
		return api.Raw{}, api.Fail(api.NotFound, "no such file of the console")
	})
}
