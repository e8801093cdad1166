package docs

import (
	"context"

	"statgate/shared/api"
)

// policy is the content security policy of the page: its own script, styles and requests,
// and nothing inline. Browsers that know trusted types refuse to parse text as HTML.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func page(d Deps) api.Handler {
	return api.Handle("getDocs", func(context.Context, *api.Request, *noInput) (api.Raw, error) {
		return api.Raw{ContentType: "text/html; charset=utf-8", Body: d.Page, Header: map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}}, nil
	})
}
