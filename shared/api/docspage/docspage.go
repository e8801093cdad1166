// Package docspage renders the documentation page from the OpenAPI document.
//
// The main content of the page is plain HTML that is complete without a script. Its style
// sheet and script are files of their own, so that the content security policy can refuse
// everything inline. The script adds search, copying, a choice of light or dark, samples in
// other languages, the details of errors, and forms that call the API.
package docspage

import (
	"bytes"
	_ "embed" // page.html
	"fmt"
	"html/template"
	"path"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

//go:embed page.html
var layout string

var parsed = template.Must(template.New("page").Parse(layout))

// page is the data of the template.
type page struct {
	Title, Version, Name string
	Addresses            addresses
	Auth                 string // how the script sends a secret: bearer, x-api-key or api_key
	Guide                guide
	Groups               []group
	Objects              []object
	Events               []event
	Sample               template.HTML // of an event
	Redeliver            reference     // the operation that sends an event again
	Versions             bool          // whether events contain objects with a version
	FinalRefusals        bool          // whether an endpoint can end a delivery
	Verify               string
}

// addresses are relative to the page, as a stage may be before its path.
type addresses struct {
	Root, Document, Style, Script string
	Console                       string // "" if the deployment leaves it out
}

// Render returns the HTML page of a contract's OpenAPI document, whose files are [Assets]. The
// same input gives the same bytes.
func Render(c *contract.Contract, doc []byte) ([]byte, error) {
	d, err := parse(doc)
	if err != nil {
		return nil, err
	}
	groups, err := d.groups(c)
	if err != nil {
		return nil, err
	}
	p := page{
		Title: d.Info.Title, Version: d.Info.Version, Name: c.Name,
		Addresses: addressesOf(c), Auth: auth(c),
		Guide: newGuide(c, d), Groups: groups,
		Events: d.events(), Sample: example(d.sample()), Verify: strings.TrimSpace(verify),
		Redeliver: d.redeliver(), Versions: c.Webhooks.Matches(), FinalRefusals: c.Webhooks.FinalRefusals,
	}
	p.Objects = d.objects()
	var out bytes.Buffer
	if err := parsed.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("docspage: rendering: %w", err)
	}
	return out.Bytes(), nil
}

// addressesOf returns the addresses of what the page loads, relative to the page's own.
func addressesOf(c *contract.Contract) addresses {
	at := map[string]string{}
	for _, r := range api.For(c) {
		at[r.Operation] = r.Path
	}
	up := "./" + strings.Repeat("../", strings.Count(at["getDocs"], "/")-1)
	relative := func(to string) string { return strings.TrimPrefix(up+strings.TrimPrefix(to, "/"), "./") }
	files := path.Dir(at["getDocsAsset"])
	console := at["getConsole"]
	if console != "" {
		console = relative(console)
	}
	return addresses{Root: up, Console: console, Document: relative(at["getOpenAPI"]), Style: relative(path.Join(files, styleName)), Script: relative(path.Join(files, scriptName))}
}
