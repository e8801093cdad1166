package docspage

import (
	"bytes"
	"encoding/json"
	"html/template"
	"regexp"
	"strings"
)

// textEscaper escapes text between tags, where quotes need no escape.
var textEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escaped returns text as HTML. It is not for attributes.
func escaped(text string) template.HTML { return template.HTML(textEscaper.Replace(text)) }

// example returns indented JSON as HTML. The script marks its tokens.
func example(raw json.RawMessage) template.HTML {
	if len(raw) == 0 {
		return ""
	}
	return escaped(pretty(raw))
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
