package docs

import (
	"context"
	"path"

	"statgate/shared/api"
)

type assetInput struct {
	Asset string `json:"asset" text:"id" doc:"File name, as in the page" example:"page.0123456789ab.js"`
}

// assetTypes are the media types of the page's files, by extension.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
}

// forever lets caches store a file for a year, the longest that is customary. A changed file
// has another name.
const forever = "public, max-age=31536000, immutable"

func asset(d Deps) api.Handler {
	return api.Handle("getDocsAsset", func(_ context.Context, _ *api.Request, in *assetInput) (api.Raw, error) {
		body, ok := d.Assets[in.Asset]
		if !ok {
			return api.Raw{}, api.Fail(api.NotFound, "not found")
		}
		return api.Raw{ContentType: assetTypes[path.Ext(in.Asset)], Body: body, Header: map[string]string{
			"Cache-Control": forever, "X-Content-Type-Options": "nosniff"}}, nil
	})
}
