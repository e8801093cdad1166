package wyscout

import (
	"slices"

	"statgate/shared/stats/reports"
)

// event is one touch of the ball or the referee's whistle.
type event struct {
	Name   string `json:"eventName"`
	Sub    string `json:"subEventName"`
	Team   int    `json:"teamId"`
	Period string `json:"matchPeriod"` // 1H, 2H, E1, E2, P
	Tags   []struct {
		ID int `json:"id"`
	} `json:"tags"`
}

// accurate is the tag of a completed pass, and of a shot on target.
const accurate = 1801

// shootOut is the period of the penalty shoot-out, which no figure counts.
const shootOut = "P"

// figures lists the statistics by section, with the events that each one counts.
var figures = []struct {
	section, name string
	counts        func(e event) bool
}{
	{"attack", "shots", event.isShot},
	{"attack", "shots_on_target", func(e event) bool { return e.isShot() && e.has(accurate) }},
	{"attack", "offsides", func(e event) bool { return e.Name == "Offside" }},
	{"passing", "passes", func(e event) bool { return e.Name == "Pass" }},
	{"passing", "accurate_passes", func(e event) bool { return e.Name == "Pass" && e.has(accurate) }},
	{"passing", "crosses", func(e event) bool { return e.Sub == "Cross" }},
	{"set_pieces", "corners", func(e event) bool { return e.Sub == "Corner" }},
	{"set_pieces", "throw_ins", func(e event) bool { return e.Sub == "Throw in" }},
	{"discipline", "fouls", func(e event) bool { return e.Name == "Foul" }},
}

// isShot reports whether the event is a shot in play, from a free kick or from the penalty
// spot.
func (e event) isShot() bool {
	return e.Name == "Shot" || e.Name == "Free Kick" && (e.Sub == "Free kick shot" || e.Sub == "Penalty")
}

func (e event) has(tag int) bool {
	return slices.ContainsFunc(e.Tags, func(t struct {
		ID int `json:"id"`
	}) bool {
		return t.ID == tag
	})
}

// count counts a match's events and cards by side.
func count(events []event, sides map[int]string, cards []reports.Event) *reports.Stats {
	s := &reports.Stats{}
	for _, f := range figures {
		stat := section(s, f.section, f.name)
		for _, e := range events {
			if e.Period != shootOut && f.counts(e) {
				add(stat, sides[e.Team])
			}
		}
	}
	for _, card := range []struct {
		name string
		kind reports.EventType
	}{{"yellow_cards", reports.YellowCard}, {"red_cards", reports.RedCard}} {
		stat := section(s, "discipline", card.name)
		for _, e := range cards {
			if e.Type == card.kind {
				add(stat, e.Team)
			}
		}
	}
	return s
}

// section returns a figure, which it adds at the end of its section if it is missing.
func section(s *reports.Stats, name, figure string) *reports.Stat {
	i := slices.IndexFunc(s.Data, func(x reports.Section) bool { return x.Section == name })
	if i < 0 {
		i = len(s.Data)
		s.Data = append(s.Data, reports.Section{Section: name})
	}
	in := &s.Data[i]
	n := slices.IndexFunc(in.Stats, func(x reports.Stat) bool { return x.Name == figure })
	if n < 0 {
		n = len(in.Stats)
		in.Stats = append(in.Stats, reports.Stat{Name: figure})
	}
	return &in.Stats[n]
}

func add(s *reports.Stat, side string) {
	switch side {
	case reports.Home:
		s.Home++
	case reports.Away:
		s.Away++
	}
}
