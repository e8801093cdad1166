package names

import (
	"strings"
	"unicode/utf8"

	edlib "github.com/hbollon/go-edlib"
)

// maxWords bounds the words of a text that Closest compares.
const maxWords = 8

// Closest returns the values of objects with a name that is close to q, at most limit, the
// closest first. A name is close if it has a word that differs from a word of q in few
// letters: none of one or two, one of up to five, two of up to eight, three of more. A
// word of q also matches the beginning of a longer word.
func Closest[T any](q string, list []Object[T], limit int) []T {
	words := strings.Fields(queryKey(q))
	words = words[:min(len(words), maxWords)]
	return best(list, limit, func(name string) (int, bool) { return nearness(words, strings.Fields(Key(name))) })
}

// nearness returns the sum of the distances of the words to the closest words of a name,
// and reports whether one of them is close. Of names with equal sums, one with fewer
// words is nearer.
func nearness(words, name []string) (int, bool) {
	total, closeOne := 0, false
	for _, word := range words {
		letters := utf8.RuneCountInString(word)
		least := 2 * letters
		for _, other := range name[:min(len(name), maxWords)] {
			n := wordDistance(word, other)
			if n/2 <= tolerance(letters) {
				closeOne = true
			}
			least = min(least, n)
		}
		total += least
	}
	return 100*total + min(len(name), 99), closeOne
}

// tolerance returns how many letters of a word may differ.
func tolerance(letters int) int {
	switch {
	case letters <= 2:
		return 0
	case letters <= 5:
		return 1
	case letters <= 8:
		return 2
	}
	return 3
}

// wordDistance returns twice the distance of a word to another one, or to the beginning of
// it plus one: of words with equally many mistakes, a whole one is closer.
func wordDistance(word, other string) int {
	least := 2 * distance(word, other)
	if n, runes := utf8.RuneCountInString(word), []rune(other); n < len(runes) {
		least = min(least, 2*distance(word, string(runes[:n]))+1)
	}
	return least
}

// distance returns the number of letters to insert, delete, replace or exchange with their
// neighbour that turns one text into the other (optimal string alignment).
func distance(a, b string) int { return edlib.OSADamerauLevenshteinDistance(a, b) }
