package docspage

import (
	"crypto/sha256"
	_ "embed" // the script's parts and page.css
	"encoding/hex"
	"strings"
)

//go:embed page.css
var style string

// The script's parts, each of which uses those before it.
var (
	//go:embed samples.js
	samplesPart string
	//go:embed dom.js
	domPart string
	//go:embed page.js
	pagePart string
	//go:embed try.js
	tryPart string
)

var script = "(function () {\n'use strict';\n" + samplesPart + domPart + pagePart + tryPart + "})();\n"

// The names of the files of the page change with their content, so that caches may store them
// forever.
var (
	styleName  = hashed("page", style, "css")
	scriptName = hashed("page", script, "js")
)

func hashed(name, content, extension string) string {
	sum := sha256.Sum256([]byte(content))
	return strings.Join([]string{name, hex.EncodeToString(sum[:6]), extension}, ".")
}

// Assets returns the script and the style sheet of the page, by file name. They are the same for
// every contract.
func Assets() map[string][]byte {
	return map[string][]byte{styleName: []byte(style), scriptName: []byte(script)}
}
