// Package humantext has the one rule for text that people write and read: names, email
// addresses, descriptions and labels.
//
// Text under the rule is valid UTF-8 in Unicode's normalisation form C. It has no
// invisible characters: no control characters, no zero-width and bidirectional format
// characters, no separators of lines and paragraphs. Any kind of space is an ordinary
// space, and both ends are trimmed. The profile OpaqueString of PRECIS (RFC 8265)
// decides which characters are allowed, with two exceptions: emoji sequences keep their
// invisible parts, and visible characters such as the middle dot are allowed anywhere.
// U+FFFD is refused, because decoders put it in place of broken text.
package humantext

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Line returns text of one line under the rule. The error says which character is not
// allowed. The result is empty if the text has nothing but spaces.
func Line(text string) (string, error) {
	if plain(text) {
		return strings.Trim(text, " "), nil
	}
	got, err := enforce(text)
	return strings.Trim(got, " "), err
}

// Lines is like [Line] for text that may have line breaks and tabs. A carriage return
// with or without a line feed becomes a line feed.
func Lines(text string) (string, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var b strings.Builder
	for text != "" {
		end := strings.IndexAny(text, "\n\t")
		if end < 0 {
			end = len(text)
		}
		part, err := enforce(text[:end])
		if err != nil {
			return "", err
		}
		b.WriteString(part)
		if text = text[end:]; text != "" {
			b.WriteByte(text[0])
			text = text[1:]
		}
	}
	return strings.Trim(b.String(), " \n\t"), nil
}

// Check refuses text that [Line] refuses, and any space other than U+0020. It is for
// text that programs compare, such as ids, which must not be changed.
func Check(text string) error {
	if plain(text) {
		return nil
	}
	for _, r := range text {
		if r != ' ' && unicode.IsSpace(r) {
			return refused(r)
		}
	}
	_, err := enforce(text)
	return err
}

// Fold returns the form in which email addresses are compared: case and width are
// ignored. Two addresses are the same if their folded forms are equal.
func Fold(text string) string {
	return norm.NFC.String(cases.Lower(language.Und).String(width.Fold.String(text)))
}

// plain reports whether text has only visible ASCII and spaces.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// enforce applies the rule, without trimming. It enforces the profile on the text
// between emoji sequences.
func enforce(text string) (string, error) {
	var b strings.Builder
	for text != "" {
		end, size := nextExempt(text)
		if err := profile(&b, text[:end]); err != nil {
			return "", err
		}
		b.WriteString(text[end : end+size])
		text = text[end+size:]
	}
	return norm.NFC.String(b.String()), nil
}

// nextExempt returns the place and the length of the first part of the text to which
// the profile does not apply: an emoji sequence, or a character that it would allow only
// beside certain others. Without one it returns the length of the text and 0.
func nextExempt(text string) (at, size int) {
	for at, r := range text {
		if n := sequence(text[at:]); n > 0 {
			return at, n
		}
		if visible(r) {
			return at, utf8.RuneLen(r)
		}
	}
	return len(text), 0
}

// visible reports whether PRECIS allows a visible character only in some contexts, which
// keeps user names apart (RFC 5892, A.3–A.9): the middle dot, Greek, Hebrew and Japanese
// punctuation, and the two rows of Arabic digits.
func visible(r rune) bool {
	switch r {
	case '\u00b7', '\u0375', '\u05f3', '\u05f4', '\u30fb':
		return true
	}
	return '\u0660' <= r && r <= '\u0669' || '\u06f0' <= r && r <= '\u06f9'
}

// profile appends a part of the text under OpaqueString.
func profile(b *strings.Builder, text string) error {
	if text == "" {
		return nil
	}
	for at, r := range text {
		if _, size := utf8.DecodeRuneInString(text[at:]); r == utf8.RuneError && size == 1 {
			return errors.New("must be valid UTF-8")
		}
		if blank(r) {
			return refused(r)
		}
	}
	got, err := precis.OpaqueString.String(text)
	if err != nil {
		if r := offender(text); r >= 0 {
			return refused(r)
		}
		return errors.New("must have fewer combining marks on one letter")
	}
	b.WriteString(got)
	return nil
}

// blank reports whether the profile allows a character that shows nothing, or that
// stands for text that was lost.
func blank(r rune) bool {
	switch r {
	case utf8.RuneError, '\ufffc', '\u2800', '\U0001d159', '\U00016fe4':
		return true
	}
	return false
}

// offender returns the first character by which the profile refuses the text: one that is
// never allowed, else a joiner in a wrong place. It returns -1 without one: after 30
// combining marks, normalisation inserts a character that is not allowed.
func offender(text string) rune {
	for _, r := range text {
		if !precis.OpaqueString.Allowed().Contains(r) && r != zwj && r != zwnj {
			return r
		}
	}
	if at := strings.IndexAny(text, string(zwj)+string(zwnj)); at >= 0 {
		return peek(text[at:])
	}
	return -1
}

func refused(r rune) error {
	if r == utf8.RuneError {
		return errors.New("must not contain U+FFFD, which stands for text that was not valid UTF-8")
	}
	return fmt.Errorf("must not contain the character %U: invisible and control characters are not allowed", r)
}
