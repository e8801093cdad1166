package teams

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// Club is a club of a clubs file.
type Club struct {
	Name    string // "Lorca FC"
	Years   string // when the club existed, such as "2003-2022", or ""
	Country string // three-letter code
	Aliases []string
}

// seen is one spelling in one country's competitions. Country is "" for an international
// competition that does not name the country.
type seen struct{ country, spelling string }

// entry is a team in the registry, with the facts that its shape is derived from.
type entry struct {
	Team
	club   string // clubID of its club, "" if no clubs file has it
	years  string
	listed []string // the club's name and aliases
	seen   []seen   // in the order of arrival
	former []string // former ids
	moving []string // ids by which matches are stored that still need an update
	born   string   // sort key by age
	stored table.Item
	index  []table.Key // stored items of the name index
}

// Registry holds every team in memory, and decides which team a spelling means.
//
// The decision depends on the known clubs and spellings, and not on their order of
// arrival. A spelling means the only club with that name in its country, or in a
// neighbour whose clubs play there. Otherwise it means the only club with that alias, or
// else the only club with that name or alias without FC or AFC. If no club matches,
// spellings of a country that differ only in FC or AFC are one team. If several clubs
// match, the spelling is a team of its own, and [Registry.Ambiguous] lists it. Later clubs
// and spellings may unite teams, or split them.
type Registry struct {
	entries   []*entry // by age
	merged    []*entry // merged into other teams
	byID      map[string]*entry
	usedIDs   map[string]bool // present and former ids
	clubs     map[string]Club
	order     []string // clubs in the order of arrival
	added     []seen
	known     map[seen]bool
	index     clubIndex
	of        map[seen]*entry
	groups    map[string][]string // countries in which a folded spelling without a club was seen
	chosen    map[string]*entry   // by class
	ambiguous map[string]bool
	now       time.Time
}

// neighbours lists, by country, the countries whose clubs play in its leagues.
var neighbours = map[string][]string{"ENG": {"WAL"}, "FRA": {"MCO"}, "SUI": {"LIE"}, "USA": {"CAN"}}

func newRegistry(now time.Time) *Registry {
	return &Registry{
		byID: map[string]*entry{}, usedIDs: map[string]bool{}, clubs: map[string]Club{},
		known: map[seen]bool{}, of: map[seen]*entry{}, ambiguous: map[string]bool{}, now: now,
	}
}

// add adds a stored team.
func (r *Registry) add(e *entry) {
	r.entries = append(r.entries, e)
	for _, id := range append([]string{e.ID}, e.former...) {
		r.usedIDs[id] = true
	}
	for _, s := range e.seen {
		r.known[s] = true
	}
	if e.club != "" {
		r.AddClub(Club{Name: e.listed[0], Aliases: e.listed[1:], Years: e.years, Country: *e.Country})
	}
}

// AddClub adds a club, or adds its aliases to those of a known club.
func (r *Registry) AddClub(c Club) {
	id := clubID(c)
	if old, ok := r.clubs[id]; ok {
		c.Aliases = distinct(append(slices.Clone(old.Aliases), c.Aliases...))
	} else {
		r.order = append(r.order, id)
	}
	r.clubs[id] = c
}

// See adds a spelling that a competition of the country uses.
func (r *Registry) See(country, spelling string) {
	s := seenOf(country, spelling)
	if !r.known[s] {
		r.known[s] = true
		r.added = append(r.added, s)
	}
}

// Resolve returns the team of a spelling, or nil if no team or several may be meant. A
// spelling that was added with See always resolves to one team.
func (r *Registry) Resolve(country, spelling string) *Team {
	s := seenOf(country, spelling)
	if e := r.of[s]; e != nil {
		return &e.Team
	}
	class, _ := r.index.class(s, r.groups)
	if e := r.chosen[class]; e != nil {
		r.of[s] = e
		return &e.Team
	}
	return nil
}

// Former returns the former ids of a team, by which its matches may still be stored.
func (r *Registry) Former(id string) []string {
	if e := r.byID[id]; e != nil {
		return e.former
	}
	return nil
}

// seenOf cuts off the country suffix, which takes precedence over the country of the league.
func seenOf(country, spelling string) seen {
	name, own := cutCountry(strings.TrimSpace(spelling))
	return seen{cmp.Or(own, country), name}
}

func clubID(c Club) string { return c.Country + " " + c.Name + " " + c.Years }

// clubIndex finds clubs by key, in one country or, with country "", in all.
type clubIndex struct{ names, aliases, folds map[seen][]string }

func (x *clubIndex) add(id string, c Club) {
	put := func(m map[seen][]string, key string) {
		for _, country := range []string{c.Country, ""} {
			at := seen{country, key}
			if !slices.Contains(m[at], id) {
				m[at] = append(m[at], id)
			}
		}
	}
	put(x.names, names.Key(c.Name))
	put(x.folds, fold(names.Key(c.Name)))
	for _, a := range c.Aliases {
		put(x.aliases, names.Key(a))
		put(x.folds, fold(names.Key(a)))
	}
}

// class returns the class of a spelling: a club, a group of spellings or, if several
// clubs may be meant, only itself. In the last case it also returns these clubs. groups
// has the countries in which a folded spelling without a club was seen.
func (x *clubIndex) class(s seen, groups map[string][]string) (string, []string) {
	key := names.Key(s.spelling)
	home := []string{s.country}
	if s.country != "" {
		home = append(home, neighbours[s.country]...)
	}
	for _, step := range []struct {
		key  string
		maps []map[seen][]string
	}{{key, []map[seen][]string{x.names, x.aliases}}, {fold(key), []map[seen][]string{x.folds}}} {
		for _, country := range home {
			for _, m := range step.maps {
				switch ids := m[seen{country, step.key}]; {
				case len(ids) == 1:
					return "club " + ids[0], nil
				case len(ids) > 1:
					return "self " + s.country + " " + key, ids
				}
			}
		}
	}
	country := s.country
	if country == "" {
		switch at := groups[fold(key)]; {
		case len(at) == 1:
			country = at[0]
		case len(at) > 1:
			return "self  " + key, nil
		}
	}
	return "group " + country + " " + fold(key), nil
}

// reconcile decides again which team each spelling is. It creates missing teams, and
// unites or splits existing ones.
func (r *Registry) reconcile() {
	r.reindex()
	classes := r.classes()
	chosen := r.choose(classes)
	r.of = map[seen]*entry{}
	previous := map[seen]*entry{}
	for _, e := range append(slices.Clone(r.entries), r.merged...) {
		for _, s := range e.seen {
			previous[s] = e
		}
	}
	r.absorb(chosen)
	for _, id := range r.order {
		r.team("club "+id, chosen, seen{r.clubs[id].Country, r.clubs[id].Name}, r.clubs[id].Years)
	}
	spellings := r.spellings()
	for _, e := range r.entries {
		e.seen = nil
	}
	for _, s := range spellings {
		e := r.team(classes[s], chosen, s, "")
		e.seen = append(e.seen, s)
		r.of[s] = e
		if old := previous[s]; old != nil && old != e {
			e.moving = distinct(append(e.moving, old.ID))
			e.former = distinct(append(e.former, old.ID))
		}
	}
	for _, e := range r.entries {
		r.describe(e)
		r.byID[e.ID] = e
	}
	r.added, r.chosen = nil, chosen
}

func (r *Registry) reindex() {
	r.index = clubIndex{map[seen][]string{}, map[seen][]string{}, map[seen][]string{}}
	for _, id := range r.order {
		r.index.add(id, r.clubs[id])
	}
}

// spellings returns every known spelling, the oldest first.
func (r *Registry) spellings() []seen {
	var all []seen
	for _, e := range append(slices.Clone(r.entries), r.merged...) {
		all = append(all, e.seen...)
	}
	return append(all, r.added...)
}

func (r *Registry) classes() map[seen]string {
	all := r.spellings()
	r.groups = map[string][]string{}
	for _, s := range all {
		if s.country == "" {
			continue
		}
		class, _ := r.index.class(s, nil)
		if k := fold(names.Key(s.spelling)); strings.HasPrefix(class, "group ") && !slices.Contains(r.groups[k], s.country) {
			r.groups[k] = append(r.groups[k], s.country)
		}
	}
	out := make(map[seen]string, len(all))
	for _, s := range all {
		class, clubs := r.index.class(s, r.groups)
		out[s] = class
		if strings.HasPrefix(class, "self ") {
			r.ambiguous[r.ambiguity(s, clubs)] = true
		}
	}
	return out
}

// choose returns the oldest team of each class. The class of a team is that of its club,
// or else that of the spelling that it was created for.
func (r *Registry) choose(classes map[seen]string) map[string]*entry {
	chosen := map[string]*entry{}
	for _, e := range r.entries {
		class := ""
		if e.club != "" {
			class = "club " + e.club
		} else if len(e.seen) > 0 {
			class = classes[e.seen[0]]
		}
		if chosen[class] == nil {
			chosen[class] = e
		} else {
			chosen[class].takeOver(e)
		}
	}
	return chosen
}

// takeOver moves a younger team's ids and matches to the older one.
func (e *entry) takeOver(younger *entry) {
	e.former = distinct(append(append(e.former, younger.ID), younger.former...))
	e.moving = distinct(append(append(e.moving, younger.ID), younger.moving...))
}

// absorb removes the teams that were not chosen for any class.
func (r *Registry) absorb(chosen map[string]*entry) {
	isChosen := map[*entry]bool{}
	for _, e := range chosen {
		isChosen[e] = true
	}
	var entries []*entry
	for _, e := range r.entries {
		if isChosen[e] {
			entries = append(entries, e)
		} else {
			r.merged = append(r.merged, e)
		}
	}
	r.entries = entries
}

// team returns the team of a class, and creates it if it does not exist.
func (r *Registry) team(class string, chosen map[string]*entry, s seen, years string) *entry {
	e := chosen[class]
	if e == nil {
		e = &entry{born: fmt.Sprintf("%s#%06d", r.now.UTC().Format(time.RFC3339Nano), len(r.entries))}
		e.ID = r.freeID(s, years)
		e.Name = s.spelling
		chosen[class] = e
		r.entries = append(r.entries, e)
	}
	if id, ok := strings.CutPrefix(class, "club "); ok {
		e.club = id
	}
	return e
}

// freeID returns the slug of the name. If a present or former id has this slug, freeID
// adds the club's years, else the country, else a number.
func (r *Registry) freeID(s seen, years string) string {
	base := slug(s.spelling)
	tries := []string{base}
	if years != "" {
		tries = append(tries, slug(s.spelling+" "+years))
	}
	if s.country != "" {
		base += "-" + strings.ToLower(s.country)
		tries = append(tries, base)
	}
	for n := 2; ; n++ {
		for _, id := range tries {
			if !r.usedIDs[id] {
				r.usedIDs[id] = true
				return id
			}
		}
		tries = []string{fmt.Sprintf("%s-%d", base, n)}
	}
}

// describe sets the fields that the API returns. The name of a club is that of the clubs
// file; the name of any other team is its first spelling, and never changes.
func (r *Registry) describe(e *entry) {
	var all []string
	oldName := e.Name
	if c, ok := r.clubs[e.club]; ok {
		e.listed = append([]string{c.Name}, c.Aliases...)
		e.Name, e.Country, e.years = c.Name, &c.Country, c.Years
		all = append(all, e.listed...)
	} else if e.Country == nil {
		for _, s := range e.seen {
			if s.country != "" {
				e.Country = &s.country
				break
			}
		}
	}
	for _, s := range e.seen {
		all = append(all, s.spelling)
	}
	sort.Strings(all)
	e.Names = distinct(append([]string{e.Name}, all...))
	if e.stored != nil && oldName != e.Name {
		e.moving = distinct(append(e.moving, e.ID))
	}
}

// Ambiguous lists the spellings that several clubs share, such as "Rapid: Rapid JC Heerlen
// (NED), SK Rapid Wien (AUT)". A competition of one country resolves a spelling to that
// country's club, so not every ambiguous spelling causes a problem.
func (r *Registry) Ambiguous() []string {
	all := map[string]bool{}
	for what := range r.ambiguous {
		all[what] = true
	}
	spelled := map[string]string{}
	for _, id := range r.order {
		c := r.clubs[id]
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if _, ok := spelled[names.Key(name)]; !ok {
				spelled[names.Key(name)] = name
			}
		}
	}
	for key, name := range spelled {
		ids := r.index.names[seen{"", key}]
		if len(ids) == 0 {
			ids = r.index.aliases[seen{"", key}]
		}
		if len(ids) > 1 {
			all[r.ambiguity(seen{"", name}, ids)] = true
		}
	}
	out := make([]string, 0, len(all))
	for what := range all {
		out = append(out, what)
	}
	sort.Strings(out)
	return out
}

func (r *Registry) ambiguity(s seen, clubs []string) string {
	var all []string
	for _, id := range clubs {
		c := r.clubs[id]
		name := c.Name
		if c.Years != "" {
			name += " (" + c.Years + ")"
		}
		all = append(all, name+" ("+c.Country+")")
	}
	sort.Strings(all)
	if len(all) == 0 {
		return s.spelling + ": teams of several countries"
	}
	return s.spelling + ": " + strings.Join(all, ", ")
}

// changed reports whether the team needs a write.
func (e *entry) changed() bool {
	if e.stored == nil {
		return true
	}
	it := e.item()
	it["version"] = e.stored["version"]
	return !reflect.DeepEqual(map[string]any(it), map[string]any(e.stored))
}

func (e *entry) item() table.Item {
	from := make([]any, 0, len(e.seen))
	for _, s := range e.seen {
		from = append(from, map[string]any{"country": s.country, "spelling": s.spelling})
	}
	it := table.Item{
		table.PartitionAttr: teamsPK, table.SortAttr: e.ID,
		"id": e.ID, "name": e.Name, "names": table.List(e.Names), "country": nil,
		"club": e.club, "years": e.years, "listed": table.List(e.listed), "seen": from, "former": table.List(e.former), "moving": table.List(e.moving),
		"born": e.born, "indexed": int64(names.Form), "version": e.stored.Int("version") + 1,
	}
	if e.Country != nil {
		it["country"] = *e.Country
	}
	return it
}

func entryOf(it table.Item) *entry {
	e := &entry{
		Team: *teamOf(it), club: it.Str("club"), years: it.Str("years"), listed: it.Texts("listed"),
		former: it.Texts("former"), moving: it.Texts("moving"), born: it.Str("born"), stored: it,
	}
	from, _ := it["seen"].([]any)
	for _, s := range from {
		m, _ := s.(map[string]any)
		country, _ := m["country"].(string)
		spelling, _ := m["spelling"].(string)
		e.seen = append(e.seen, seen{country, spelling})
	}
	if e.index = index.Keys(e.ID, e.Names); it.Int("indexed") < names.Form {
		e.index = index.TextKeys(e.ID, e.Names) // an earlier release wrote no reversed words
	}
	return e
}
