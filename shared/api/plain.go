package api

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Line returns a field's text without the space around it. It fails with [InputField] if
// the text is empty, is not UTF-8 or has control characters.
func Line(field, text string) (string, *Error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", FieldError(field, "must not be empty")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", FieldError(field, "must not contain control characters")
	}
	return text, nil
}

// Writable reports whether a time, also when rounded up to a whole second, is in the years
// 0–9999 in UTC. Times are stored and sent in UTC, and RFC 3339 cannot write other years,
// although an offset lets it express them.
func Writable(t time.Time) bool {
	return t.UTC().Year() >= 0 && t.Add(time.Second-1).UTC().Year() <= 9999
}
