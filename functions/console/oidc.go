package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"statgate/functions/console/openid"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// oidcInput is one of the steps of a sign-in: none of the fields to begin, code and state from
// the provider, or a choice with the organisation.
type oidcInput struct {
	Code   *string `json:"code,omitempty" text:"id" minLength:"1" maxLength:"8192" doc:"Code of the provider"`
	State  *string `json:"state,omitempty" text:"id" maxLength:"128" doc:"State that the provider returned"`
	Choice *string `json:"choice,omitempty" text:"id" maxLength:"128" doc:"Code of a choice of organisations"`
	Org    *string `json:"org,omitempty" text:"id" maxLength:"128" doc:"Id of the organisation that was chosen"`
}

// step returns what the input asks for.
func (in oidcInput) step() (func(context.Context, Deps, *api.Request, oidcInput) (api.Raw, error), error) {
	returns, chooses := in.Code != nil && in.State != nil, in.Choice != nil && in.Org != nil
	switch {
	case in == oidcInput{}:
		return beginOIDC, nil
	case returns && in.Choice == nil && in.Org == nil:
		return returnOIDC, nil
	case chooses && in.Code == nil && in.State == nil:
		return chooseOIDC, nil
	}
	return nil, api.FieldError("oidc", "give code and state, choice and org, or nothing")
}

// startOIDC takes a step of signing in with OpenID Connect. Each step is an attempt, and so is
// the beginning until the person has come back.
func startOIDC(ctx context.Context, d Deps, r *api.Request, in oidcInput) (api.Raw, error) {
	if d.OpenID == nil {
		return api.Raw{}, api.FieldError("oidc", "no provider is configured here: sign in with a key or a portal link")
	}
	take, err := in.step()
	if err != nil {
		return api.Raw{}, err
	}
	refund, err := d.Attempts.Charge(ctx, from(r), r.Now)
	if err != nil {
		return api.Raw{}, err
	}
	answer, err := take(ctx, d, r, in)
	if err == nil && in != (oidcInput{}) || err != nil && api.ErrorOf(err).Condition == api.Unavailable {
		refund(ctx)
	}
	return answer, err
}

func redirect(r *api.Request) string { return r.Address + "/console" }

// beginOIDC answers with the provider's address. Nothing is stored while the provider is down.
func beginOIDC(ctx context.Context, d Deps, r *api.Request, _ oidcInput) (api.Raw, error) {
	b, err := d.Pending.New(r.Now)
	if err != nil {
		return api.Raw{}, err
	}
	b.Redirect = redirect(r)
	to, err := d.OpenID.Authorize(ctx, b.Attempt)
	if err != nil {
		return api.Raw{}, err
	}
	if err := d.Pending.Keep(ctx, b); err != nil {
		return api.Raw{}, err
	}
	return noSession(r, map[string]string{"authorize": to}, b.State, b.Cookie, openid.AttemptLife)
}

// returnOIDC begins the session of a person who comes back from the provider, or asks them for
// an organisation. The sign-in is used up before the code, so a code is sent on once.
func returnOIDC(ctx context.Context, d Deps, r *api.Request, in oidcInput) (api.Raw, error) {
	b, err := d.Pending.Take(ctx, r.Now, *in.State, r.Browser.Bindings)
	if err != nil {
		return api.Raw{}, err
	}
	b.Redirect = redirect(r)
	email, err := d.OpenID.Identify(ctx, b.Attempt, *in.Code)
	if err != nil {
		if api.ErrorOf(err).Condition == api.Unavailable {
			d.Attempts.Refund(ctx, from(r), b.Since)
		}
		return api.Raw{}, err
	}
	found, err := activeMembers(ctx, d, email, "")
	if err != nil {
		return api.Raw{}, err
	}
	var done api.Raw
	if len(found) == 1 {
		done, err = beginAs(ctx, d, r, found[0], email)
	} else {
		done, err = offer(ctx, d, r, found, email)
	}
	if err == nil {
		d.Attempts.Refund(ctx, from(r), b.Since)
	}
	return done, err
}

// chooseOIDC begins a session in the organisation that was chosen. The person is still an active
// member of it, or is refused.
func chooseOIDC(ctx context.Context, d Deps, r *api.Request, in oidcInput) (api.Raw, error) {
	email, err := d.Pending.Choose(ctx, r.Now, *in.Choice, r.Browser.Bindings)
	if err != nil {
		return api.Raw{}, err
	}
	found, err := activeMembers(ctx, d, email, *in.Org)
	if err != nil {
		return api.Raw{}, err
	}
	return beginAs(ctx, d, r, found[0], email)
}

// activeMembers returns the active members with a verified address, at least one. To the person
// whose address it is, the error tells whether they are suspended.
func activeMembers(ctx context.Context, d Deps, email, org string) ([]orgs.Membership, error) {
	if _, err := orgs.Address("email", email); err != nil {
		return nil, openid.Refused("your provider states an address for you that is not an email address")
	}
	all, err := d.Orgs.WithAddress(ctx, email, org)
	if err != nil {
		return nil, err
	}
	var active []orgs.Membership
	for _, m := range all {
		if m.Member.State == orgs.Active {
			active = append(active, m)
		}
	}
	switch {
	case len(active) > 0:
		return active, nil
	case len(all) > 0:
		return nil, suspended()
	}
	return nil, openid.Refused("no member has the address that your provider states for you, %s: ask an admin of your organisation to add it", email)
}

func suspended() error {
	return openid.Refused("your membership is suspended: ask an admin of your organisation")
}

// beginAs begins the session. What the organisation changed since the member was found refuses
// the person in the same way.
func beginAs(ctx context.Context, d Deps, r *api.Request, m orgs.Membership, email string) (api.Raw, error) {
	opened, err := d.Keys.BeginAs(ctx, signIn(r), m.Org.ID, m.Member.User, email)
	var refused *api.Error
	if errors.As(err, &refused) && refused.Condition == api.Suspended {
		err = suspended()
	}
	return begun(ctx, d, r, opened, err)
}

// choice is an organisation that a person can choose.
type choice struct {
	Org  string `json:"org"`
	Name string `json:"name"`
	Role string `json:"role"`
}

func offer(ctx context.Context, d Deps, r *api.Request, found []orgs.Membership, email string) (api.Raw, error) {
	c, err := d.Pending.Offer(ctx, r.Now, email)
	if err != nil {
		return api.Raw{}, err
	}
	body := struct {
		Choice string   `json:"choice"`
		Orgs   []choice `json:"orgs"`
	}{Choice: c.Code}
	for _, m := range found {
		body.Orgs = append(body.Orgs, choice{m.Org.ID, m.Org.Name, m.Member.Effective(m.Org)})
	}
	return noSession(r, body, c.Code, c.Cookie, openid.ChoiceLife)
}

// noSession answers a step that begins no session. Its cookie binds the next step to this
// browser. Each has a name of its own, so that two tabs can sign in at once.
func noSession(r *api.Request, body any, handle, cookie string, life time.Duration) (api.Raw, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return api.Raw{}, fmt.Errorf("console: encoding a step of a sign-in: %w", err)
	}
	name := api.BindingCookie + handle[:bindingChars]
	return api.Raw{ContentType: "application/json", Body: raw,
		Header: map[string]string{"Cache-Control": "no-store", "Set-Cookie": strictCookie(r, name, cookie, int(life/time.Second))}}, nil
}

// bindingChars of a handle tell the cookies of sign-ins apart.
const bindingChars = 8
