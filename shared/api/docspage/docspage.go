// Package docspage renders the documentation page from the OpenAPI document.
//
// The page is plain HTML that is complete without a script and sends no requests. Its
// styles and script are inline, and its content security policy allows only their
// hashes. The script adds search, copying and a choice of light or dark.
package docspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // page.html, page.css and page.js
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"statgate/shared/contract"
)

//go:embed page.html
var layout string

//go:embed page.css
var style string

//go:embed page.js
var script string

var parsed = template.Must(template.New("page").Parse(layout))

// page is the data of the template.
type page struct {
	Title, Version, Name string
	Style                template.CSS
	Script               template.JS
	Policy               string
	Guide                guide
	Groups               []group
	Events               []event
	Sample               template.HTML // of an event
	Verify               string
}

// Render returns the HTML page of a contract's OpenAPI document. The same input gives
// the same bytes.
func Render(c *contract.Contract, doc []byte) ([]byte, error) {
	d, err := parse(doc)
	if err != nil {
		return nil, err
	}
	groups, err := d.groups(c)
	if err != nil {
		return nil, err
	}
	css, js := strings.TrimSpace(style), strings.TrimSpace(script)
	p := page{
		Title: d.Info.Title, Version: d.Info.Version, Name: c.Name,
		Style: template.CSS(css), Script: template.JS(js), Policy: policy(css, js),
		Guide: newGuide(c, d), Groups: groups,
		Events: d.events(), Sample: highlight(d.sample()), Verify: strings.TrimSpace(verify),
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("docspage: rendering: %w", err)
	}
	return out.Bytes(), nil
}

// policy returns the content security policy. It allows the page's own style and
// script, and no requests.
func policy(css, js string) string {
	return "default-src 'none'; style-src " + source(css) + "; script-src " + source(js) + "; img-src data:; base-uri 'none'; form-action 'none'"
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
