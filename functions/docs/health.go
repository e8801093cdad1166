package docs

import (
	"context"

	"statgate/shared/api"
)

type noInput struct{}

type healthAnswer struct {
	Status string `json:"status" enum:"ok" doc:"Always ok"`
}

func health() api.Handler {
	return api.Handle("getHealth", func(context.Context, *api.Request, *noInput) (healthAnswer, error) {
		return healthAnswer{Status: "ok"}, nil
	})
}
