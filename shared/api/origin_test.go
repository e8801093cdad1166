package api_test

import (
	"slices"
	"strings"
	"testing"

	"statgate/shared/api"
)

func TestOriginsAreAcceptedOnlyAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"":                        nil,
		" , ":                     nil,
		"https://app.example.com": {"https://app.example.com"},
		"https://a.example.com, http://localhost:3000 http://[::1]:8080,": {"https://a.example.com", "http://localhost:3000", "http://[::1]:8080"},
	} {
		if got, err := api.ParseOrigins(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v, want %q", list, got, err, want)
		}
	}
	for _, one := range []string{
		"app.example.com", "*", "https://*.example.com", "https://app.example.com/", "https://app.example.com/x", "https://user@app.example.com",
		"https://App.example.com", "HTTPS://app.example.com", "ftp://app.example.com", "https://", "https://münchen.example", "null",
		"https://app.example.com:443", "http://app.example.com:80", "https://app.example.com:port",
	} {
		if got, err := api.ParseOrigins("https://ok.example.com," + one); err == nil || !strings.HasPrefix(err.Error(), "must be origins") || !strings.Contains(err.Error(), one) {
			t.Errorf("%q: got %q, %v, want an error that repeats it", one, got, err)
		}
	}
}
