package keys

import (
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
)

// styles has a contract of each style of scopes, by the style; scorelytics has default scopes.
var styles = map[string]string{"list": "statgate", "list with a default": "scorelytics", "grid": "balla", "levels": "teambattles", "role": "fullengage"}

func TestAnEmptyListOfScopesNeverGrantsTheDefaultScopes(t *testing.T) {
	t.Parallel()
	for style, name := range styles {
		ru := rulesOf(t, name)
		held := ru.contract.Scopes.Names()[:1]
		life := text("30d")
		_, made := ru.fresh(Spec{Name: "bot", Scopes: []string{}, ExpiresIn: life}, noon)
		_, edited := ru.edited(record{Scopes: held}, Edit{Scopes: []string{}}, noon)
		for call, err := range map[string]error{"createKey": made, "updateKey": edited} {
			if refused := err != nil && len(api.ErrorOf(err).Fields["scopes"]) == 1; refused != (style != "role") {
				t.Errorf("%s, %s: got %v, want the list refused unless the owner's role decides", style, call, err)
			}
		}
		if style != "role" {
			continue
		}
		if k, _ := ru.edited(record{Scopes: held}, Edit{Scopes: []string{}}, noon); len(k.Scopes) != 0 {
			t.Errorf("%s: got %v, want no management scope", style, k.Scopes)
		}
	}
}

func TestWithoutAListANewKeyHasTheContractsDefaultScopes(t *testing.T) {
	t.Parallel()
	for style, name := range styles {
		ru := rulesOf(t, name)
		k, err := ru.fresh(Spec{Name: "bot", ExpiresIn: text("30d")}, noon)
		if needed := len(ru.contract.Scopes.Default) == 0 && style != "role"; (err != nil) != needed || !needed && !slices.Equal(k.Scopes, ru.contract.Scopes.Default) {
			t.Errorf("%s: got %v, %v, want %v", style, k.Scopes, err, ru.contract.Scopes.Default)
		}
	}
}

func TestAKeyHasTheListedScopesOnceAndNoOthers(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		ru := rulesOf(t, name)
		one := ru.contract.Scopes.Names()[0]
		for _, c := range []struct {
			asked []string
			ok    bool
		}{
			{[]string{one}, true}, {[]string{one, one}, true}, {[]string{""}, false}, {[]string{one, ""}, false}, {[]string{" "}, false}, {[]string{" " + one}, false},
		} {
			k, err := ru.edited(record{}, Edit{Scopes: c.asked}, noon)
			if (err == nil) != c.ok || c.ok && !slices.Equal(k.Scopes, []string{one}) {
				t.Errorf("%s, %q: got %q, %v, want ok %v", name, c.asked, k.Scopes, err, c.ok)
			}
		}
	}
}
