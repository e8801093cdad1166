package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment"
	"statgate/shared/platform/serve"
	"statgate/shared/platform/settings"
)

// world is a deployment with somebody in it: an operator, and an organisation
// whose plan is so large that no quota is in the way.
type world struct {
	*deployment.Deployment
	*engine
	contract *contract.Contract
	clock    func() time.Time
	peppers  *apikey.PepperSource
	log      *slog.Logger

	operator string // secret
	as       *api.Request
	org      string
}

// stopped is a clock that stands in the middle of an hour, so that no window
// rolls while something is measured.
func stopped() func() time.Time {
	now := time.Now().UTC().Truncate(time.Hour).Add(30 * time.Minute)
	return func() time.Time { return now }
}

// found assembles a deployment on the engine, as the local server does.
func found(ctx context.Context, e *engine, clock func() time.Time) (*world, error) {
	c, err := preset.Load("statgate")
	if err != nil {
		return nil, err
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		return nil, err
	}
	w := &world{engine: e, contract: c, clock: clock, peppers: apikey.FixedPeppers(root, clock),
		// The local server's level. What it does not write costs it next to nothing.
		log: slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	w.Deployment, err = deployment.New(deployment.Options{
		Contract: c, Environment: c.Environments[0], Keys: e.keys, Stats: e.stats,
		Peppers: w.peppers, Clock: clock, Rand: rand.Reader, Log: w.log,
	})
	if err != nil {
		return nil, err
	}
	// A machine that is busy with the measuring answers late; a 503 would be no figure.
	w.Gate.Patience = 20 * time.Second
	if err := w.observe(); err != nil {
		return nil, err
	}
	return w, w.populate(ctx)
}

// observe has the tape told when a handler begins: the gateway's function is made
// again, of the same parts, with that around each handler.
func (w *world) observe() error {
	if w.tape == nil {
		return nil
	}
	handlers := slices.Clone(w.Handlers)
	for i, h := range handlers {
		handlers[i].Call = func(ctx context.Context, r *api.Request, in any) (any, error) {
			w.tape.entered()
			return h.Call(ctx, r, in)
		}
	}
	function, err := serve.New(serve.Options{Contract: w.contract, Handlers: handlers, Gate: w.Gate,
		CursorKey: settings.CursorKey(w.keys, rand.Reader), Clock: w.clock, Log: w.log})
	if err != nil {
		return err
	}
	w.Gateway.Integrate = function.Handle
	return nil
}

func (w *world) populate(ctx context.Context) error {
	o, owner, minted, err := w.Keys.Bootstrap(ctx, w.clock(), "Operator", "operator@example.com")
	if err != nil {
		return fmt.Errorf("making the operator: %w", err)
	}
	w.operator = minted.Secret
	w.as = &api.Request{ID: "bench", Now: w.clock(), Caller: &api.Caller{
		Key: minted.ID, Org: o.ID, User: owner.User, Role: api.RoleOperator,
		Permissions: []string{"*:*"}, Environment: w.contract.Environments[0], Contract: w.contract.Name,
	}}
	largest := w.contract.Plans[0]
	for _, p := range w.contract.Plans {
		if p.Keys > largest.Keys {
			largest = p
		}
	}
	made, _, err := w.Orgs.Create(ctx, w.as, orgs.Founding{Name: "Bench", Plan: largest.Name, Owner: "owner@example.com"})
	w.org = made.ID
	return err
}

// key makes a key of the organisation and returns its secret.
func (w *world) key(ctx context.Context, scopes ...string) (string, error) {
	minted, err := w.Keys.Create(ctx, w.as, keys.Spec{Name: "Bench", Scopes: scopes, Org: &w.org})
	if err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	return minted.Secret, nil
}

// Scopes of a key that reads everything, and of one that does everything else.
var (
	readScopes   = []string{"read:leagues", "read:matches", "read:teams", "read:players", "read:stats"}
	manageScopes = []string{"keys:read", "keys:write", "orgs:read", "orgs:write", "audit:read"}
)

// answer is what the gateway answered.
type answer struct {
	status int
	body   []byte
}

// field reads a string at a path of the JSON body, "" where there is none.
func (a answer) field(path ...string) string {
	var at any
	if json.Unmarshal(a.body, &at) != nil {
		return ""
	}
	for _, name := range path {
		switch v := at.(type) {
		case map[string]any:
			at = v[name]
		case []any:
			if len(v) == 0 {
				return ""
			}
			at = v[0]
		}
	}
	text, _ := at.(string)
	return text
}

// ask sends a request through the gateway, in-process.
func (w *world) ask(ctx context.Context, secret, method, target, body string) answer {
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	rec := httptest.NewRecorder()
	w.Gateway.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Body.Bytes()}
}

// must is ask for a request that has to succeed.
func (w *world) must(ctx context.Context, secret, method, target, body string) (answer, error) {
	a := w.ask(ctx, secret, method, target, body)
	if a.status >= http.StatusBadRequest {
		return a, fmt.Errorf("%s %s: %d %s", method, target, a.status, a.body)
	}
	return a, nil
}
