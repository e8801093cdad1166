package measured

import "testing"

func TestUnitsAreParsedAsTheyAreFormatted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Units{"1 W + 7.5 R": {Write: 1, Read: 7.5}, "5 R": {Read: 5}, "26 W": {Write: 26}, "0 R": {}} {
		if got, err := ParseUnits(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "11.9 µs", "1 W and 7 R", "1 X"} {
		if got, err := ParseUnits(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}
