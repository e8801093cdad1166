package humantext_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"statgate/shared/humantext"
)

func TestInvisibleCharactersAreRefusedInEveryForm(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"zero-width space": "a\u200bb", "zero-width joiner between letters": "a\u200db", "zero-width non-joiner between letters": "a\u200cb",
		"word joiner": "a\u2060b", "byte order mark": "\ufeffa", "soft hyphen": "a\u00adb", "Hangul filler": "a\u3164b",
		"line separator": "a\u2028b", "paragraph separator": "a\u2029b", "next line": "a\u0085b",
		"right-to-left override": "a\u202eb", "isolate": "a\u2066b\u2069", "Arabic letter mark": "a\u061cb",
		"NUL": "a\x00b", "escape code": "\x1b[31mred", "vertical tab": "a\vb", "DEL": "a\x7fb",
		"invalid UTF-8": "a\xffb", "a surrogate in UTF-8": "a\xed\xa0\x80b", "replacement character": "a\ufffdb",
		"variation selector after a letter": "a\ufe0fb", "a tag character": "a\U000e0041b", "tags that say more than a region": "\U0001f3f4\U000e0061\U000e0062\U000e0063\U000e0064\U000e0065\U000e0066\U000e0067\U000e007f",
		"joiner after an emoji, without another": "🏳️\u200da", "blank Braille pattern": "a\u2800b", "object replacement": "a\ufffcb", "private use": "a\ue000b",
	} {
		if got, err := humantext.Line(text); err == nil {
			t.Errorf("%s: Line accepts %q as %q", name, text, got)
		}
		if got, err := humantext.Lines("one\n" + text); err == nil {
			t.Errorf("%s: Lines accepts %q as %q", name, text, got)
		}
		if humantext.Check(text) == nil {
			t.Errorf("%s: Check accepts %q", name, text)
		}
		if clean, changed := humantext.Clean(text); !changed || clean == "" {
			t.Errorf("%s: Clean of %q: got %q, changed %v", name, text, clean, changed)
		}
	}
}

func TestARefusalNamesTheCharacter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\x00b": "U+0000", "é\u202eb": "U+202E", "a\u200db": "U+200D", "a\ufffdb": "U+FFFD", "a\u2800": "U+2800", "a\xff": "UTF-8", "e" + strings.Repeat("\u0323", 40): "combining marks",
	} {
		if _, err := humantext.Line(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want it to name %s", text, err, want)
		}
	}
}

func TestEveryInvisibleCharacterOfUnicodeIsRefusedAlone(t *testing.T) {
	t.Parallel()
	for r := rune(1); r <= unicode.MaxRune; r++ {
		hidden := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Co, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
		if !hidden {
			continue
		}
		for _, text := range []string{"a" + string(r) + "b", "❤" + string(r) + "b"} {
			if _, err := humantext.Line(text); err == nil && text != "❤\ufe0fb" {
				t.Errorf("%U is accepted in %q", r, text)
			}
		}
	}
}

func TestVisibleTextOfAnyScriptIsKept(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"family": "👨‍👩‍👧‍👦 FC", "rainbow flag": "🏳️‍🌈", "pirate flag": "🏴‍☠️", "skin tones": "🤽🏽‍♀️", "heart": "I ❤️ it", "keycap": "#️⃣ 1️⃣", "flags": "🇩🇪 🇯🇵",
		"England": "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England", "Texas": "🏴󠁵󠁳󠁴󠁸󠁿", "unpaired indicator": "🇩", "emoji of Unicode 16": "\U0001fae9",
		"Persian with a non-joiner": "می\u200cخواهم", "Sinhala with a joiner": "ශ්\u200dරී", "Arabic": "نادي الأهلي", "Hebrew": "מכבי תל אביב", "Japanese": "ガンバ・大阪", "middle dot": "A · B", "Catalan": "Col·lectiu", "both rows of Arabic digits": "١۱",
		"full width": "Ｆｕｌｌ", "math and compatibility": "№ ① ℵ",
	} {
		if got, err := humantext.Line(text); err != nil || got != norm.NFC.String(text) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, text)
		}
	}
}

func TestTextIsNormalisedAndTrimmedAndNotWidthFolded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"  Cafe\u0301\u00a0": "Café", "a\u3000b": "a b", "   ": "", "\u2003": "", "ＡＢ": "ＡＢ", "": "",
	} {
		if got, err := humantext.Line(text); err != nil || got != want {
			t.Errorf("Line(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestDescriptionsKeepLineBreaksAndNamesDoNot(t *testing.T) {
	t.Parallel()
	if got, err := humantext.Lines("\n one\r\ntwo\rthree\n\n\tfour \n"); err != nil || got != "one\ntwo\nthree\n\n\tfour" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"a\nb", "a\tb", "a\rb", "a\n"} {
		if _, err := humantext.Line(text); err == nil {
			t.Errorf("Line accepts %q", text)
		}
	}
}

func TestAddressesAreComparedWithoutCaseAndWidth(t *testing.T) {
	t.Parallel()
	want := humantext.Fold("ada@example.com")
	for _, same := range []string{"Ada@Example.COM", "Ａｄａ@example.com", "ada＠ｅｘａｍｐｌｅ.com"} {
		if got := humantext.Fold(same); got != want {
			t.Errorf("Fold(%q) = %q, want %q", same, got, want)
		}
	}
	for _, other := range []string{"ada@example.org", "ädа@example.com", "straße@example.com", "ſame@example.com"} {
		if got := humantext.Fold(other); got == want || got == humantext.Fold("strasse@example.com") || got == humantext.Fold("same@example.com") {
			t.Errorf("Fold(%q) = %q, the form of another address", other, got)
		}
	}
}

func TestImportedTextIsCleanedAndNeverEmpty(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Real\u200b Madrid": "Real Madrid", "Bayer\u2028Leverkusen": "Bayer Leverkusen", "M\xfcnchen": "M?nchen", "\u202eAjax": "Ajax", "\u200b": "?",
		"Arse\x00nal": "Arse nal", "a\u200db": "ab", "🏳️‍🌈\u200b": "🏳️‍🌈", "a\ufffdb": "a?b", "\x1b[31mred": "[31mred",
	} {
		if got, changed := humantext.Clean(text); got != want || !changed {
			t.Errorf("Clean(%q) = %q, %v, want %q", text, got, changed, want)
		}
	}
	if got, changed := humantext.Clean(" Sa\u0303o\u00a0Paulo "); got != "São Paulo" || changed {
		t.Errorf("got %q, changed %v: spaces and the normalisation form need no note", got, changed)
	}
}

func TestPictographsAreThoseOfUnicode(t *testing.T) {
	t.Parallel()
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || unicode.IsMark(r) { // marks that join letters precede joiners, too
			continue
		}
		// A joiner joins two pictographs, and nothing else, to one grapheme cluster (GB11).
		joined := string(r) + "\u200d❤"
		cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(joined, -1)
		if _, err := humantext.Line(joined); (err == nil) != (cluster == joined) {
			t.Errorf("%U: accepted before a joiner: %v, want %v", r, err == nil, cluster == joined)
		}
	}
}

func TestALongTextIsCheckedInTimeThatGrowsWithItsLength(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{"joiners": "a\u200c", "pictographs": "❤\u200d", "flags": "🇩🇪", "dots": "·", "marks": "e\u0301", "tags": "🏴\U000e0061", "late fault": "é"} {
		text := strings.Repeat(part, (256<<10)/len(part)) + "\u200b"
		began := time.Now()
		_, _ = humantext.Line(text)
		_, _ = humantext.Clean(text)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: 256 KB took %v", name, took)
		}
	}
}

func FuzzAcceptedTextIsStableAndHasNothingInvisible(f *testing.F) {
	for _, seed := range []string{"a\u200bb", "👨\u200d👩\u200d👧\u200d👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می\u200cخواهم", "a\xff", "\r\n a\u0301", "#\ufe0f⃣", "\u1100\u1161", "·\u0301", "ශ්\u200dරී", "\u0344", "❤\u0338\u200d❤"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, _ := humantext.Clean(text)
		if line, err := humantext.Line(clean); err != nil || line != clean {
			t.Errorf("Clean(%q) = %q, of which Line is %q, %v", text, clean, line, err)
		}
		for name, rule := range map[string]func(string) (string, error){"Line": humantext.Line, "Lines": humantext.Lines} {
			got, err := rule(text)
			if err != nil {
				continue
			}
			if again, err := rule(got); err != nil || again != got {
				t.Errorf("%s(%q) = %q, and again %q, %v", name, text, got, again, err)
			}
			if !utf8.ValidString(got) || strings.ContainsAny(got, "\ufffd\u200b\u2028\u202e\x00\x1b\r") || name == "Line" && strings.ContainsFunc(got, unicode.IsControl) {
				t.Errorf("%s(%q) = %q", name, text, got)
			}
		}
	})
}
