package serve_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/serve"
)

type made struct {
	ID string `json:"id"`
}

func TestLocationIsThePathOfTheCreatedResourceIfTheContractHasOne(t *testing.T) {
	t.Parallel()
	handler := api.Creating(api.Handle("createMatch", func(context.Context, *api.Request, *struct{}) (made, error) { return made{"m/1"}, nil }),
		"getMatch", func(m made) string { return m.ID })
	for _, c := range []struct {
		contract, path, stage string
		gets                  bool
		want                  string
	}{
		{"statgate", "/v1/football/matches", "", true, "/v1/football/matches/m%2F1"},
		{"statgate", "/v1/football/matches", "/live", true, "/live/v1/football/matches/m%2F1"},
		{"balla", "/api/matches", "", true, "/api/matches/m%2F1"},
		{"balla", "/api/matches", "/live", false, ""},
	} {
		contract, err := preset.Load(c.contract)
		if err != nil {
			t.Fatal(err)
		}
		if !c.gets {
			delete(contract.Operations, "getMatch")
		}
		fn, err := serve.New(serve.Options{Contract: contract, StagePath: c.stage, Gate: &openGate{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Handlers: []api.Handler{handler}})
		if err != nil {
			t.Fatal(err)
		}
		ev := event()
		ev.HTTPMethod, ev.Resource, ev.PathParameters = "POST", c.path, nil
		ev.RequestContext.Authorizer["contract"] = c.contract
		r, err := fn.Handle(t.Context(), ev)
		if err != nil || r.StatusCode != 201 || r.Headers["Location"] != c.want {
			t.Errorf("%s: got %d with Location %q (%v), want 201 with %q", c.contract, r.StatusCode, r.Headers["Location"], err, c.want)
		}
	}
}
