package api

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Line is a field's text as one line that a list can show, without the space around
// it. What has nothing to show, or control characters, is refused (InputField).
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

// Writable tells whether a moment, and the whole second that it is rounded up to, has
// a year of four digits in UTC, in which moments are kept and sent. Others can be
// read, where an offset leads there, and not written.
func Writable(t time.Time) bool {
	return t.UTC().Year() >= 0 && t.Add(time.Second-1).UTC().Year() <= 9999
}
