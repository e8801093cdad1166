package names_test

import (
	"strings"
	"testing"

	"statgate/shared/stats/names"
)

func TestKeyIgnoresCaseAccentsAndPunctuation(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]string{
		"1. FC Köln": "1 fc koln", "Rot-Weiß Oberhausen": "rot weiss oberhausen", "A.F.C. Elm": "afc elm", "King's Elm": "kings elm",
		"Elm & Fir  FC": "elm and fir fc", "Łódź": "lodz", "Brøndby IF": "brondby if", "Águilas": "aguilas", "": "", " - ": "",
	} {
		if got := names.Key(spelling); got != want {
			t.Errorf("%q: got %q, want %q", spelling, got, want)
		}
	}
}

func TestSlugsAreASCII(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Leicester City FC": "leicester-city-fc", "1. FC Köln": "1-fc-koln", "Brighton & Hove Albion FC": "brighton-hove-albion-fc",
		"São Paulo FC": "sao-paulo-fc", "Rot-Weiß Oberhausen": "rot-weiss-oberhausen", "Malmö FF": "malmo-ff", "Śląsk Wrocław": "slask-wroclaw",
		"SV Drochtersen/Assel": "sv-drochtersen-assel", "Zürich Ærø Þór": "zurich-aero-thor",
	} {
		if got := names.Slug("team", name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if a, b := names.Slug("team", "Спартак"), names.Slug("team", "Динамо"); !strings.HasPrefix(a, "team-") || a == b {
		t.Errorf("another script: got %q and %q, want ids that differ", a, b)
	}
}
