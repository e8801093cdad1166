package docspage

import (
	"bytes"
	"encoding/json"
	"html/template"
	"regexp"
	"strings"
)

// token matches names, strings, numbers and literals in JSON that is escaped for HTML,
// in which a quote is &#34;.
var token = regexp.MustCompile(`(&#34;(?:[^&]|&[^#]|&#[^3]|&#3[^4])*?&#34;)(\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?\b`)

// highlight returns indented JSON as HTML, with its tokens marked.
func highlight(raw json.RawMessage) template.HTML {
	if len(raw) == 0 {
		return ""
	}
	text := template.HTMLEscapeString(pretty(raw))
	return template.HTML(token.ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case strings.HasSuffix(found, ":"):
			name := strings.TrimRight(found, ": ")
			return `<span class="k">` + name + `</span>` + found[len(name):]
		case strings.HasPrefix(found, "&#34;"):
			return `<span class="s">` + found + `</span>`
		case found == "true" || found == "false" || found == "null":
			return `<span class="w">` + found + `</span>`
		}
		return `<span class="n">` + found + `</span>`
	}))
}

// pretty indents JSON. It returns text that is not JSON unchanged.
func pretty(raw json.RawMessage) string {
	var flat, indented bytes.Buffer
	if json.Compact(&flat, raw) != nil || json.Indent(&indented, flat.Bytes(), "", "  ") != nil {
		return string(raw)
	}
	return compact(indented.String())
}

var small = regexp.MustCompile(`([\[{])\n\s+([^\[\]{}]*?)\n\s*([\]}])`)
var breaks = regexp.MustCompile(`,\n\s+`)

// compact writes short innermost objects and lists on one line.
func compact(text string) string {
	return small.ReplaceAllStringFunc(text, func(found string) string {
		parts := small.FindStringSubmatch(found)
		line := parts[1] + " " + breaks.ReplaceAllString(parts[2], ", ") + " " + parts[3]
		if len(line) > 60 {
			return found
		}
		return line
	})
}
