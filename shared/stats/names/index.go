package names

import (
	"slices"
	"strings"
	"unicode/utf8"

	"statgate/shared/table"
)

// Index has the names of one kind of object in the stats table, such as "TEAM". Its items,
// where <text> is one of the [Texts] of an object and <word> one of their words:
//
//	<kind>Q#<letter>   <text>#<id>              id: finds the object by the beginning of a word
//	<kind>R#<letter>   <reversed word>#<id>     id: finds it by the end of a word
//
// The letter is the first one of the text or of the reversed word. A misspelt word is close
// to the right one in the order of one of both: the part before the mistake or the part
// after it is the longer one.
//
// The objects themselves have an attribute "indexed" with the [Form] of their index items.
// Finders compare what they find with the names of the object, so that items which an
// earlier name left behind find nothing.
type Index string

// Form is the form of index items that [Index.Keys] returns. An object that an earlier
// release stored has a smaller one, and needs new index items when it is next stored.
const Form = 1

// minReversed is the length of the shortest word that is stored reversed. A mistake in a
// shorter one leaves too little to find it by.
const minReversed = 3

// maxTexts and maxKeys bound the index items of an object, so that they fit in one
// transaction with it.
const (
	maxTexts = 90
	maxKeys  = 95
)

// TextKeys returns the keys of the items for search, at most 90.
func (x Index) TextKeys(id string, names []string) []table.Key {
	texts := Texts(names)
	keys := make([]table.Key, 0, maxKeys)
	for _, text := range texts[:min(len(texts), maxTexts)] {
		keys = append(keys, table.Key{Partition: x.Partition(text), Sort: text + "#" + id})
	}
	return keys
}

// Keys returns the keys of all index items of an object, at most 95.
func (x Index) Keys(id string, names []string) []table.Key {
	var words []string
	for _, name := range names {
		for _, word := range strings.Fields(Key(name)) {
			if utf8.RuneCountInString(word) >= minReversed {
				words = append(words, reversed(word))
			}
		}
	}
	slices.Sort(words)
	keys := x.TextKeys(id, names)
	for _, word := range slices.Compact(words) {
		if len(keys) < maxKeys {
			keys = append(keys, table.Key{Partition: x.words(word), Sort: word + "#" + id})
		}
	}
	return keys
}

// Writes returns the writes that replace the stored index items of an object by the wanted
// ones: at most limit. Puts come first, because finders ignore items that are left over.
func (x Index) Writes(id string, stored, wanted []table.Key, limit int) []table.Write {
	var ws []table.Write
	for _, k := range wanted {
		if !slices.Contains(stored, k) {
			ws = append(ws, table.Put(table.Item{table.PartitionAttr: k.Partition, table.SortAttr: k.Sort, "id": id}))
		}
	}
	for _, k := range stored {
		if !slices.Contains(wanted, k) {
			ws = append(ws, table.Delete(k))
		}
	}
	return ws[:min(len(ws), limit)]
}

// Partition returns the partition of the items whose text begins with a text.
func (x Index) Partition(text string) string { return x.partition("Q", text) }

// words returns the partition of a reversed word.
func (x Index) words(word string) string { return x.partition("R", word) }

func (x Index) partition(order, text string) string {
	_, size := utf8.DecodeRuneInString(text)
	return table.Join(string(x)+order, text[:size])
}

func reversed(word string) string {
	runes := []rune(word)
	slices.Reverse(runes)
	return string(runes)
}
