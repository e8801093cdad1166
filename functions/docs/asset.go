package docs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"statgate/shared/api"
)

type assetInput struct {
	Asset string `json:"asset" text:"id" doc:"File name, as in the page" example:"page.0123456789ab.js"`
}

func asset(d Deps) api.Handler {
	return api.Handle("getDocsAsset", func(_ context.Context, _ *api.Request, in *assetInput) (api.Raw, error) {
		file, ok := api.Asset(d.Assets, in.Asset)
		if !ok {
			return api.Raw{}, api.Fail(api.NotFound, "no such file of the documentation page")
		}
		return file, nil
	})
}

// ReadAssets returns the files of the page by name. It returns an error if there is no file, or
// if one cannot be read.
func ReadAssets(files fs.FS) (map[string][]byte, error) {
	names, err := fs.Glob(files, "page.*")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("docs: the page has no files (%w)", errors.Join(err, fs.ErrNotExist))
	}
	all := map[string][]byte{}
	for _, name := range names {
		if all[name], err = fs.ReadFile(files, name); err != nil {
			return nil, fmt.Errorf("docs: reading a file of the page: %w", err)
		}
	}
	return all, nil
}
