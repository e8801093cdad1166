// Package names compares spellings of names, and finds stored objects by them: leagues,
// teams and players by any word of any of their names, without case and accents, and by
// names that are close to a misspelt one.
package names

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters replaces letters that Unicode does not decompose into a letter and an accent.
var letters = strings.NewReplacer(
	"ß", "ss", "ẞ", "ss", "ø", "o", "Ø", "o", "ł", "l", "Ł", "l", "đ", "d", "Đ", "d", "ð", "d", "Ð", "d",
	"þ", "th", "Þ", "th", "æ", "ae", "Æ", "ae", "œ", "oe", "Œ", "oe", "ı", "i", "ħ", "h", "Ħ", "h", "ŋ", "n",
	"ə", "e", "Ə", "e", "’", "'", "‘", "'", "ʻ", "'", "`", "'",
)

// Key returns a spelling without case, accents and punctuation, in which spellings of one
// name may differ. Its words are lower-case and separated by one space.
func Key(spelling string) string { return words(spelling, " and ") }

// words keeps letters and digits and drops dots and apostrophes. Anything else separates
// words. An ampersand becomes the text of and.
func words(s, and string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(letters.Replace(s)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r) || r == '.' || r == '\'':
			// "F.C." is FC, and "King's" is Kings.
		case r == '&':
			if b.Len() > 0 && and != "" {
				b.WriteString(strings.TrimRight(and, " "))
			}
			gap = true
		default:
			gap = true
		}
	}
	return b.String()
}

// Slug returns an id for a name: lower-case ASCII letters and digits, separated by
// hyphens. A name without any of these gets the kind of the object and a hash.
func Slug(kind, name string) string {
	var b strings.Builder
	for _, word := range strings.Fields(words(name, "")) {
		ascii := strings.Map(func(r rune) rune {
			if r < unicode.MaxASCII {
				return r
			}
			return -1
		}, word)
		if ascii != "" && b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteString(ascii)
	}
	if b.Len() == 0 {
		sum := sha256.Sum256([]byte(name))
		return kind + "-" + hex.EncodeToString(sum[:4])
	}
	return b.String()
}

// Texts returns the texts under which an object is found, sorted: the key of each name from
// each of its words on. It leaves out a text that is a prefix of another, because a search
// for the prefix finds the other.
func Texts(names []string) []string {
	var all []string
	for _, name := range names {
		for text := Key(name); text != ""; {
			all = append(all, text)
			_, text, _ = strings.Cut(text, " ")
		}
	}
	sort.Strings(all)
	var out []string
	for i, text := range all {
		if i+1 < len(all) && strings.HasPrefix(all[i+1], text) {
			continue
		}
		out = append(out, text)
	}
	return out
}
