package api

import (
	"fmt"
	"regexp"
	"strings"
)

// origin matches the origin of web pages as browsers send it: scheme, host and a port that is
// not the scheme's own.
var origin = regexp.MustCompile(`^(https?)://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// ParseOrigins parses a list of origins, such as https://app.example.com, that are separated
// by spaces or commas. It refuses what no browser sends, such as a path or a pattern, because
// it would match no page.
func ParseOrigins(list string) ([]string, error) {
	origins := strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' })
	for _, one := range origins {
		m := origin.FindStringSubmatch(one)
		if m == nil {
			return nil, fmt.Errorf("must be origins in lower case without a path, such as https://app.example.com, got %q", one)
		}
		if own := map[string]string{"http": ":80", "https": ":443"}[m[1]]; m[4] == own {
			return nil, fmt.Errorf("must be origins without the port of their scheme, as browsers send them, got %q", one)
		}
	}
	return origins, nil
}
