package teams

import (
	"regexp"
	"strings"

	"statgate/shared/stats/names"
)

// slug returns the id of a team with a name.
func slug(name string) string { return names.Slug("team", name) }

// fold returns a key without FC or AFC at either end. Within one country, the rest
// identifies the club.
func fold(key string) string {
	for _, affix := range []string{"afc", "fc"} {
		if rest, ok := strings.CutSuffix(key, " "+affix); ok {
			return rest
		}
	}
	for _, affix := range []string{"afc", "fc"} {
		if rest, ok := strings.CutPrefix(key, affix+" "); ok {
			return rest
		}
	}
	return key
}

var suffix = regexp.MustCompile(`^(.*\S)\s*\(([A-Z]{3})\)$`)

// cutCountry cuts the country off a spelling such as "Manchester City (ENG)".
func cutCountry(spelling string) (name, country string) {
	if m := suffix.FindStringSubmatch(spelling); m != nil {
		return m[1], m[2]
	}
	return spelling, ""
}
