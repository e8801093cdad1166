package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"strings"

	"statgate/shared/api"
)

// Site is the page with its configuration, and the files that the page loads.
type Site struct {
	page   []byte
	assets map[string][]byte // by name
}

// index is the name of the page in the bundle. All other files are assets.
const index = "index.html"

// Load reads the bundle of the page, and puts the configuration into the page. It returns nil
// if the directory does not exist, as the page is built separately.
func Load(bundle fs.FS, config Config) (*Site, error) {
	s := &Site{assets: map[string][]byte{}}
	entries, err := fs.ReadDir(bundle, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("console: reading the bundle: %w", err)
	}
	for _, e := range entries {
		content, err := fs.ReadFile(bundle, e.Name())
		if err != nil {
			return nil, fmt.Errorf("console: reading the bundle: %w", err)
		}
		if e.Name() == index {
			s.page = content
			continue
		}
		s.assets[e.Name()] = content
	}
	s.page, err = configured(s.page, config)
	return s, err
}

// placeholders are the parts of the page that depend on the deployment.
const (
	titlePlaceholder  = "%TITLE%"
	configPlaceholder = "%CONFIG%"
)

// configured fills in the placeholders of the page. Each is in the page exactly once.
func configured(page []byte, config Config) ([]byte, error) {
	encoded, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("console: encoding the configuration: %w", err)
	}
	text := string(page)
	for _, one := range []string{titlePlaceholder, configPlaceholder} {
		if n := strings.Count(text, one); n != 1 {
			return nil, fmt.Errorf("console: %s has %s %d times, want once", index, one, n)
		}
	}
	return []byte(strings.NewReplacer(
		titlePlaceholder, html.EscapeString(config.Product),
		configPlaceholder, html.EscapeString(string(encoded)),
	).Replace(text)), nil
}

type noInput struct{}

func page(d Deps) api.Handler {
	return api.Handle("getConsole", func(context.Context, *api.Request, *noInput) (api.Raw, error) {
		if d.Site == nil {
			return unbuilt(), nil
		}
		return api.HTML(d.Site.page), nil
	})
}

// unbuilt says how to build the page. No cache may store it.
func unbuilt() api.Raw {
	r := api.HTML([]byte("<!doctype html>\n<html lang=\"en\">\n<title>Console</title>\n<h1>The console is not built</h1>\n" +
		"<p>Run <code>make console</code> in the source tree, then start the API again. <code>make dev</code> does both.</p>\n</html>\n"))
	r.Status = http.StatusServiceUnavailable
	r.Header["Cache-Control"] = "no-store"
	return r
}
