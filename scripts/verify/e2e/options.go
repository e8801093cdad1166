package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// leaveOut reads the deployment's OpenAPI document, and leaves out of the run what a deployment
// may lack and this one does. It says so. If there is no document, the suite reports it.
func (o *options) leaveOut(ctx context.Context, out io.Writer) {
	root := strings.TrimSuffix(strings.TrimSuffix(o.BaseURL, "/"), o.Contract.Base)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, root+"/openapi.json", http.NoBody)
	if err != nil {
		return
	}
	r.Host = o.Host // "" for the URL's
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	document, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil || answer.StatusCode != http.StatusOK {
		return
	}
	o.Contract.NoConsole, o.Contract.NoReplays = lacks(document, o.Contract, api.Console), lacks(document, o.Contract, api.Replays)
	for what, missing := range map[string]bool{"console": o.Contract.NoConsole, "replays": o.Contract.NoReplays} {
		if missing {
			fmt.Fprintf(out, "     The deployment has no %s.\n", what)
		}
	}
}

// lacks reports whether an OpenAPI document has none of the documented operations of a function,
// although the contract names some. A document that has only some is one that lacks none.
func lacks(document []byte, c *contract.Contract, function string) bool {
	var d struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if json.Unmarshal(document, &d) != nil || d.Paths == nil {
		return false
	}
	named := false
	for _, r := range api.Documented(c) {
		if r.Function != function {
			continue
		}
		if named = true; d.Paths[r.Path][strings.ToLower(r.Method)] != nil {
			return false
		}
	}
	return named
}
