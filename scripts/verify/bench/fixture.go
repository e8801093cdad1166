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

// fixture is a deployment with an operator and an organisation. The organisation has
// the largest plan, so that no quota limits the measurement.
type fixture struct {
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

// stoppedClock returns a clock that always shows the middle of the current hour, so
// that no quota window ends during a measurement.
func stoppedClock() func() time.Time {
	now := time.Now().UTC().Truncate(time.Hour).Add(30 * time.Minute)
	return func() time.Time { return now }
}

// newFixture assembles a deployment on the engine, as the local server does.
func newFixture(ctx context.Context, e *engine, clock func() time.Time) (*fixture, error) {
	c, err := preset.Load("statgate")
	if err != nil {
		return nil, err
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		return nil, err
	}
	w := &fixture{engine: e, contract: c, clock: clock, peppers: apikey.FixedPeppers(root, clock),
		// The level is the local server's.
		log: slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	w.Deployment, err = deployment.New(deployment.Options{
		Contract: c, Environment: c.Environments[0], Keys: e.keys, Stats: e.stats,
		Peppers: w.peppers, Clock: clock, Rand: rand.Reader, Log: w.log,
	})
	if err != nil {
		return nil, err
	}
	// The gate waits longer than usual, because the measurement slows the store down and
	// a 503 cannot be measured.
	w.Gate.Patience = 20 * time.Second
	if err := w.observe(); err != nil {
		return nil, err
	}
	return w, w.populate(ctx)
}

// observe makes each handler tell the tape when it begins. It builds the gateway's
// function again, from the same parts, with wrapped handlers.
func (w *fixture) observe() error {
	if w.tape == nil {
		return nil
	}
	handlers := slices.Clone(w.Handlers)
	for i, h := range handlers {
		handlers[i].Call = func(ctx context.Context, r *api.Request, in any) (any, error) {
			w.tape.handlerBegan()
			return h.Call(ctx, r, in)
		}
	}
	function, err := serve.New(serve.Options{Contract: w.contract, Edge: w.Gateway.Edge, Handlers: handlers, Gate: w.Gate,
		CursorKey: settings.CursorKey(w.keys, rand.Reader), Clock: w.clock, Log: w.log})
	if err != nil {
		return err
	}
	w.Gateway.Integrate = function.Handle
	return nil
}

// populate makes the operator and the organisation.
func (w *fixture) populate(ctx context.Context) error {
	o, owner, minted, err := w.Keys.Bootstrap(ctx, w.clock(), "Operator", "operator@example.com")
	if err != nil {
		return fmt.Errorf("creating the operator: %w", err)
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
	made, _, err := w.Orgs.Create(ctx, w.as, orgs.Spec{Name: "Bench", Plan: largest.Name, Owner: "owner@example.com"})
	w.org = made.ID
	return err
}

// key creates a key of the organisation and returns its secret.
func (w *fixture) key(ctx context.Context, scopes ...string) (string, error) {
	minted, err := w.Keys.Create(ctx, w.as, keys.Spec{Name: "Bench", Scopes: scopes, Org: &w.org})
	if err != nil {
		return "", fmt.Errorf("creating a key: %w", err)
	}
	return minted.Secret, nil
}

// Scopes of a key that reads all data, and of one that manages keys and organisations.
var (
	readScopes   = []string{"read:leagues", "read:matches", "read:teams", "read:players", "read:stats"}
	manageScopes = []string{"keys:read", "keys:write", "orgs:read", "orgs:write", "audit:read"}
)

// answer is an answer of the gateway.
type answer struct {
	status int
	body   []byte
}

// field returns the string at a path of the JSON body, "" where that has another type.
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

// ask sends a request through the gateway, in this process.
func (w *fixture) ask(ctx context.Context, secret, method, target, body string, headers ...string) answer {
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.Gateway.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Body.Bytes()}
}

// must is ask, with an error where the status is 400 or more.
func (w *fixture) must(ctx context.Context, secret, method, target, body string) (answer, error) {
	a := w.ask(ctx, secret, method, target, body)
	if a.status >= http.StatusBadRequest {
		return a, fmt.Errorf("%s %s: %d %s", method, target, a.status, a.body)
	}
	return a, nil
}
