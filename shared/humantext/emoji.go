package humantext

import (
	"unicode"
	"unicode/utf8"
)

const (
	zwnj = '\u200c'
	zwj  = '\u200d'
	vs16 = '\ufe0f' // shows the character before it as an emoji
)

// sequence returns the length in bytes of the emoji sequence at the beginning of the
// text, 0 without one. The grammar is that of Unicode Technical Standard 51, with
// short tags: elements are joined by U+200D, and an element is a flag, a keycap or a
// pictograph.
func sequence(text string) int {
	if n := keycap(text); n > 0 {
		return n
	}
	end := element(text)
	for end > 0 && peek(text[end:]) == zwj {
		more := element(text[end+utf8.RuneLen(zwj):])
		if more == 0 {
			break
		}
		end += utf8.RuneLen(zwj) + more
	}
	return end
}

// keycap returns the length of a digit, # or * with U+FE0F and U+20E3.
func keycap(text string) int {
	const end = "\ufe0f\u20e3"
	if text == "" || len(text) < 1+len(end) || text[1:1+len(end)] != end {
		return 0
	}
	if c := text[0]; c == '#' || c == '*' || '0' <= c && c <= '9' {
		return 1 + len(end)
	}
	return 0
}

// element returns the length of two regional indicators, or of a pictograph with its
// modifier.
func element(text string) int {
	r, n := utf8.DecodeRuneInString(text)
	if regional(r) {
		if next, size := utf8.DecodeRuneInString(text[n:]); regional(next) {
			return n + size
		}
		return 0
	}
	if !unicode.Is(pictographs, r) {
		return 0
	}
	switch next, size := utf8.DecodeRuneInString(text[n:]); {
	case next == vs16 || '\U0001f3fb' <= next && next <= '\U0001f3ff':
		return n + size
	case r == '\U0001f3f4':
		return n + tags(text[n:])
	}
	return n
}

func regional(r rune) bool { return '\U0001f1e6' <= r && r <= '\U0001f1ff' }

// tags returns the length of the tags that name a part of a country after a black flag:
// 3–6 letters and digits, such as gbeng, and the end mark.
func tags(text string) int {
	n, count := 0, 0
	for _, r := range text {
		size := utf8.RuneLen(r)
		switch tag := r - 0xe0000; {
		case 'a' <= tag && tag <= 'z' || '0' <= tag && tag <= '9':
			n, count = n+size, count+1
		case tag == 0x7f && count >= 3 && count <= 6:
			return n + size
		default:
			return 0
		}
	}
	return 0
}

func peek(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}
