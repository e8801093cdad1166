package matches

import (
	"context"

	"statgate/shared/api"
)

// deletedMatch is the answer to a deletion.
type deletedMatch struct {
	Success bool `json:"success" doc:"Always true"`
}

func remove(d Deps) api.Handler {
	return api.Handle("deleteMatch", func(ctx context.Context, r *api.Request, in *getInput) (deletedMatch, error) {
		err := d.Own.Delete(ctx, r, in.Match)
		return deletedMatch{err == nil}, err
	})
}
