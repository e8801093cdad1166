package openid

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"statgate/shared/api"
)

// unavailable returns the error for a provider that did not answer as it must. Errors of the
// libraries can contain the provider's whole answer, and so a token: the cause has only what
// cannot.
func unavailable(doing string, err error) *api.Error {
	return api.UnavailableError(doing, known(err))
}

// known returns what an error tells without the text of an answer.
func known(err error) error {
	var call *url.Error // addresses of a provider have no code: codes are sent in a body
	if errors.As(err, &call) {
		return call
	}
	var other *oidc.IssuerMismatchError
	if errors.As(err, &other) {
		return other
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		code := refused.ErrorCode
		if !slices.Contains(tokenErrors, code) {
			code = "an unknown error"
		}
		return fmt.Errorf("openid: the provider answered %d with %s", refused.Response.StatusCode, code)
	}
	return errors.New("openid: the provider's answer is not as specified")
}

// tokenErrors are the errors of a token endpoint (RFC 6749, 5.2).
var tokenErrors = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
