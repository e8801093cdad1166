package console

import (
	"context"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type membersInput struct {
	User *string `json:"user,omitempty" text:"id" doc:"Id of the member; omit for your own"`
}

func (in membersInput) user() string {
	if in.User == nil {
		return ""
	}
	return *in.User
}

type listInput struct {
	membersInput
	api.Page
}

func listSessions(d Deps) api.Handler {
	return api.Handle("listSessions", func(ctx context.Context, r *api.Request, in *listInput) (api.List[keys.Session], error) {
		all, err := d.Keys.Sessions(ctx, r, in.user())
		if err != nil {
			return api.List[keys.Session]{}, err
		}
		return api.Slice(all, in.Page, func(s keys.Session) string { return s.ID }), nil
	})
}

type sessionInput struct {
	Session string `json:"session" text:"id" doc:"Session id"`
}

// endedSessions is the empty answer.
type endedSessions struct {
	Success bool `json:"success" doc:"Always true"`
}

func endSession(d Deps) api.Handler {
	return api.Handle("endSession", func(ctx context.Context, r *api.Request, in *sessionInput) (endedSessions, error) {
		err := d.Keys.EndSession(ctx, r, in.Session)
		return endedSessions{err == nil}, err
	})
}

func endSessions(d Deps) api.Handler {
	return api.Handle("endSessions", func(ctx context.Context, r *api.Request, in *membersInput) (endedSessions, error) {
		err := d.Keys.EndSessions(ctx, r, in.user())
		return endedSessions{err == nil}, err
	})
}

type portalInput struct {
	Org  string `json:"org" text:"id" doc:"Organisation id"`
	User string `json:"user" text:"id" doc:"Id of the member who will be signed in"`
}

// PortalLink is the answer of createPortalLink.
type PortalLink struct {
	URL       string    `json:"url" doc:"Address that signs the member in, once. The person who opens it acts as the member: send it to the member alone"`
	ExpiresAt time.Time `json:"expires_at" doc:"Time until which the link can be used, 15 minutes after the request"`
}

// portalLink answers with an address of this API's console. The code is in the fragment, which
// browsers send to no server.
func portalLink(d Deps) api.Handler {
	return api.Handle("createPortalLink", func(ctx context.Context, r *api.Request, in *portalInput) (PortalLink, error) {
		l, err := d.Keys.CreateLink(ctx, r, in.Org, in.User)
		if err != nil {
			return PortalLink{}, err
		}
		return PortalLink{URL: r.Address + "/console#/link/" + l.Code, ExpiresAt: l.ExpiresAt}, nil
	}).Answering(201)
}
