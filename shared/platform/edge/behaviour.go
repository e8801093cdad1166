package edge

import (
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Kind is what the edge does with a request before it passes it on.
type Kind int

// The kinds of paths. Only the requests of Sessions keep their cookies.
const (
	Other     Kind = iota // nothing is cached
	Documents             // cached by path and encoding for [api.CacheSeconds]
	Assets                // cached by path and encoding for [api.ImmutableSeconds]
	Sessions              // nothing is cached
)

// Cached reports whether the edge caches answers. It then passes on neither the query nor
// headers, so that nothing of a request can be in the answer to another.
func (k Kind) Cached() bool { return k == Documents || k == Assets }

// Behaviour is the kind of the paths that match a pattern.
type Behaviour struct {
	Pattern string // of CloudFront: * stands for any characters, also for a slash
	Kind    Kind
}

// Behaviours lists the patterns of a contract's paths that are not of kind Other. The first
// that matches applies.
func Behaviours(c *contract.Contract) []Behaviour {
	var all []Behaviour
	for _, r := range api.For(c) {
		if r.Function == api.Console {
			all = append(all, Behaviour{Pattern: api.ConsoleSessions + "*", Kind: Sessions})
			break
		}
	}
	for _, r := range api.For(c) {
		before, _, parameter := strings.Cut(r.Path, "{")
		if parameter {
			before += "*"
		}
		switch {
		case r.Cached:
			all = append(all, Behaviour{Pattern: before, Kind: Documents})
		case r.Immutable:
			all = append(all, Behaviour{Pattern: before, Kind: Assets})
		}
	}
	return all
}

// KindOf returns the kind of a path.
func KindOf(all []Behaviour, path string) Kind {
	at := slices.IndexFunc(all, func(b Behaviour) bool { return b.matches(path) })
	if at < 0 {
		return Other
	}
	return all[at].Kind
}

func (b Behaviour) matches(path string) bool {
	before, parameter := strings.CutSuffix(b.Pattern, "*")
	return path == b.Pattern || parameter && strings.HasPrefix(path, before)
}
