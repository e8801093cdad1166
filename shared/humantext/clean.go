package humantext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text of one line that the rule allows out of any text, for imports. It
// replaces control characters and separators of lines with a space, bytes that are not
// UTF-8 and U+FFFD with a question mark, and removes other characters that are not
// allowed. Text in which nothing is left becomes a question mark, so that no row loses
// its name. It reports whether it changed more than spaces and the normalisation form.
func Clean(text string) (clean string, changed bool) {
	if line, err := Line(text); err == nil {
		return line, false
	}
	var b strings.Builder
	for rest := strings.ToValidUTF8(text, "?"); rest != ""; {
		end, size := nextExempt(rest)
		for _, r := range rest[:end] {
			b.WriteString(replacement(r))
		}
		b.WriteString(rest[end : end+size])
		rest = rest[end+size:]
	}
	line, err := Line(b.String())
	if err != nil { // a joiner in the wrong place
		line, err = Line(strings.NewReplacer(string(zwj), "", string(zwnj), "").Replace(b.String()))
	}
	if err != nil { // many marks on one letter
		line, err = Line(strings.Map(withoutMarks, b.String()))
	}
	if err != nil || line == "" {
		line = "?"
	}
	return line, true
}

// replacement returns what Clean puts in place of a character.
func replacement(r rune) string {
	switch {
	case r == utf8.RuneError:
		return "?"
	case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
		return " "
	case r == zwj || r == zwnj:
		return string(r)
	}
	if _, err := Line(string(r)); err != nil {
		return ""
	}
	return string(r)
}

func withoutMarks(r rune) rune {
	if unicode.IsMark(r) || r == zwj || r == zwnj {
		return -1
	}
	return r
}
