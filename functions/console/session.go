package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"statgate/shared/access/attempts"
	"statgate/shared/access/keys"
	"statgate/shared/api"
)

// sessionAnswer is what the page gets of a session. The cookie is in a header, which its
// scripts cannot read.
type sessionAnswer struct {
	AccessToken string       `json:"access_token"`
	ExpiresAt   time.Time    `json:"expires_at"`
	Session     keys.Session `json:"session"`
}

type startInput struct {
	Key  *string `json:"key,omitempty" text:"id" doc:"Secret of a key"`
	Link *string `json:"link,omitempty" text:"id" doc:"Code of a portal link"`

	OIDC *oidcInput `json:"oidc,omitempty" doc:"A step of signing in with OpenID Connect"`
}

func startSession(d Deps) api.Handler {
	return api.Handle("startSession", func(ctx context.Context, r *api.Request, in *startInput) (api.Raw, error) {
		if err := sameOrigin(r); err != nil {
			return api.Raw{}, err
		}
		if !one(in.Key != nil, in.Link != nil, in.OIDC != nil) {
			return api.Raw{}, api.FieldError("key", "give one of key, link and oidc")
		}
		if in.OIDC != nil {
			return startOIDC(ctx, d, r, *in.OIDC)
		}
		begin := func(ctx context.Context) (keys.Opened, error) { return d.Keys.BeginWithLink(ctx, signIn(r), *in.Link) }
		if in.Key != nil {
			// A malformed key costs no read, and is no attempt.
			if err := d.Keys.CheckForm(ctx, *in.Key); err != nil {
				return api.Raw{}, err
			}
			begin = func(ctx context.Context) (keys.Opened, error) { return d.Keys.BeginWithKey(ctx, signIn(r), *in.Key) }
		}
		refund, err := d.Attempts.Charge(ctx, from(r), r.Now)
		if err != nil {
			return api.Raw{}, err
		}
		opened, err := begin(ctx)
		if err == nil || api.ErrorOf(err).Condition == api.Unavailable {
			refund(ctx)
		}
		return begun(ctx, d, r, opened, err)
	})
}

// begun answers a sign-in, and ends the session that the browser had: its cookie is replaced, so
// no sign-out could end it later. This is best effort, as the sign-in is done.
func begun(ctx context.Context, d Deps, r *api.Request, o keys.Opened, err error) (api.Raw, error) {
	if err == nil {
		for _, cookie := range r.Browser.Cookies[:min(len(r.Browser.Cookies), maxCookies)] {
			_ = d.Keys.Close(ctx, signIn(r), cookie)
		}
	}
	return answer(r, o, err)
}

// one reports whether exactly one is true.
func one(all ...bool) bool {
	n := 0
	for _, is := range all {
		if is {
			n++
		}
	}
	return n == 1
}

// maxCookies bounds how many cookies of the name are tried. A browser sends several if another
// path of the host has set one, too.
const maxCookies = 3

func renewSession(d Deps) api.Handler {
	return api.Handle("renewSession", func(ctx context.Context, r *api.Request, _ *struct{}) (api.Raw, error) {
		if err := sameOrigin(r); err != nil {
			return api.Raw{}, err
		}
		last := error(api.Fail(api.SecretMissing, "there is no session: sign in"))
		for _, cookie := range r.Browser.Cookies[:min(len(r.Browser.Cookies), maxCookies)] {
			opened, err := d.Keys.Renew(ctx, r.Now, cookie)
			if err == nil {
				return answer(r, opened, nil)
			}
			if api.ErrorOf(last).Condition != api.Unavailable { // which does not say that there is no session
				last = err
			}
		}
		return api.Raw{}, last
	})
}

func closeSession(d Deps) api.Handler {
	return api.Handle("closeSession", func(ctx context.Context, r *api.Request, _ *struct{}) (api.Raw, error) {
		if err := sameOrigin(r); err != nil {
			return api.Raw{}, err
		}
		for _, cookie := range r.Browser.Cookies[:min(len(r.Browser.Cookies), maxCookies)] {
			if err := d.Keys.Close(ctx, signIn(r), cookie); err != nil {
				return api.Raw{}, err
			}
		}
		return api.Raw{Status: http.StatusNoContent, Header: map[string]string{"Cache-Control": "no-store", "Set-Cookie": sessionCookie(r, "", -1)}}, nil
	})
}

// sameOrigin refuses a request that no script of this page has sent: another site cannot send
// JSON with these headers without asking first, and that question gets no permission.
func sameOrigin(r *api.Request) error {
	b := r.Browser
	if kind, _, err := mime.ParseMediaType(b.ContentType); err != nil || kind != "application/json" {
		return api.Fail(api.InputMedia, "the body must be application/json")
	}
	scheme, rest, _ := strings.Cut(r.Address, "://")
	host, _, _ := strings.Cut(rest, "/")
	if b.FetchSite != "same-origin" || !strings.EqualFold(b.Origin, scheme+"://"+host) {
		return api.Fail(api.Permission, "only the console's own page may call this: Origin must be %s://%s and Sec-Fetch-Site same-origin", scheme, host)
	}
	return nil
}

func from(r *api.Request) attempts.From {
	return attempts.From{Viewer: r.Browser.Viewer, Via: r.Browser.Via}
}

func signIn(r *api.Request) keys.SignIn {
	return keys.SignIn{RequestID: r.ID, At: r.Now, Label: label(r.Browser.Agent)}
}

// answer returns a session to the page, with its cookie.
func answer(r *api.Request, o keys.Opened, err error) (api.Raw, error) {
	if err != nil {
		return api.Raw{}, err
	}
	body, err := json.Marshal(sessionAnswer{o.AccessToken, o.ExpiresAt, o.Session})
	if err != nil {
		return api.Raw{}, errors.Join(errors.New("console: encoding a session"), err)
	}
	life := int(o.Session.EndsAt.Sub(r.Now) / time.Second)
	return api.Raw{ContentType: "application/json", Body: body,
		Header: map[string]string{"Cache-Control": "no-store", "Set-Cookie": sessionCookie(r, o.Cookie, life)}}, nil
}

// sessionCookie is the Set-Cookie header of a session.
func sessionCookie(r *api.Request, value string, seconds int) string {
	return strictCookie(r, api.SessionCookie, value, seconds)
}

// strictCookie is a Set-Cookie header. It has no Path: the browser then sends the cookie to the
// routes beside the one that set it, also below a stage. Only a development server has an
// address without TLS, and there not every browser takes a secure cookie.
func strictCookie(r *api.Request, name, value string, seconds int) string {
	secure := "; Secure"
	if strings.HasPrefix(r.Address, "http://") {
		secure = ""
	}
	return fmt.Sprintf("%s=%s; Max-Age=%d; HttpOnly; SameSite=Strict%s", name, value, max(seconds, 0), secure)
}
