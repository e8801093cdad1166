package wyscout_test

import (
	"fmt"
	"strings"
	"testing"

	"statgate/shared/sources/wyscout"
	"statgate/shared/stats/players"
)

func TestPlayerHasFullNameCountryBirthAndPosition(t *testing.T) {
	t.Parallel()
	person := func(id int, short, first, middle, last, born, passport, national, role string) string {
		return fmt.Sprintf(`{"wyId":%d,"shortName":%q,"firstName":%q,"middleName":%q,"lastName":%q,"birthDate":%q,"passportArea":{"alpha3code":%q},"currentNationalTeamId":%s,"role":{"name":%q}}`,
			id, short, first, middle, last, born, passport, national, role)
	}
	set := wyscout.Read(folder(t, map[string]string{
		"teams.json": `[{"wyId":1,"name":"Korea Republic","type":"national","area":{"alpha3code":"KOR"}},{"wyId":2,"name":"Elm","type":"club","area":{"alpha3code":"XEN"}}]`,
		"players.json": "[" + strings.Join([]string{
			person(10, `L. Modri\u0107`, "Luka", "", `Modri\u0107`, "1985-09-09", "HRV", `"null"`, "Midfielder"),
			person(11, "Á. Elm", "Juan Ángel", "", "Elm Fir", "1990-02-30", "XEN", "null", "Goalkeeper"),
			person(12, "R. Oak", "Ana", "Rosa", "Oak", "", "???", "1", "Sweeper"),
			person(13, "Cristiano Ronaldo", "Cristiano Ronaldo", "", "dos Santos Aveiro", "", "PRT", "2", "Forward"),
			person(20, "X. Ash", "Bob", "", "Ash", "", "ENG", "9", "Forward"), person(21, "J. R. Elm", "John", "", "Elm", "", "", "7", "Forward"),
		}, ",") + "]"}))
	for id, want := range map[string]string{
		"10": "Luka Modrić | L. Modrić | CRO 1985-09-09 midfielder", "11": "Ángel Elm | Á. Elm, Juan Ángel Elm Fir | ENG - goalkeeper",
		"12": "Rosa Oak | R. Oak, Ana Rosa Oak | KOR - -", "13": "Cristiano Ronaldo | Cristiano Ronaldo dos Santos Aveiro | POR - forward",
		"20": "X. Ash | Bob Ash | ENG - forward", "21": "John R. Elm | J. R. Elm, John Elm | - - forward",
	} {
		p := set.Players[id]
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		if got := fmt.Sprintf("%s | %s | %s %s %s", p.Name, strings.Join(p.Names, ", "), text(p.Country), text(p.Born), text(p.Position)); got != want || p.Key != id {
			t.Errorf("%s: got  %s\nwant %s", id, got, want)
		}
	}
}

func TestMinutesEndAtASubstitutionARedCardOrTheLastRegularMinute(t *testing.T) {
	t.Parallel()
	picked := func(id int, goals, own, assists, yellow, red string) string {
		return fmt.Sprintf(`{"playerId":%d,"goals":%q,"ownGoals":%q,"assists":%q,"yellowCards":%q,"redCards":%q}`, id, goals, own, assists, yellow, red)
	}
	for duration, want := range map[string]string{
		"Regular":   "home: 10 71 g2 a0 y1 r0; 11 9 g0 a1 y0 r1; 21 - | away: 20 90 g0 a0 y0 r0",
		"ExtraTime": "home: 10 71 g2 a0 y1 r0; 11 9 g0 a1 y0 r1; 21 - | away: 20 120 g0 a0 y0 r0",
	} {
		m := read(t, map[string]string{"matches/a.json": fmt.Sprintf(`[{"wyId":7,"duration":%q,"dateutc":"2018-07-15 15:00:00","teamsData":{
			"1":{"side":"home","teamId":1,"formation":{"lineup":[%s],"bench":[%s,%s],"substitutions":[{"playerIn":11,"playerOut":10,"minute":71}]}},
			"2":{"side":"away","teamId":2,"formation":{"lineup":[%s],"bench":[],"substitutions":"null"}}}}]`, duration,
			picked(10, "2", "1", "0", "12", "0"), picked(11, "null", "0", "1", "0", "80"), picked(21, "null", "0", "0", "0", "0"), picked(20, "null", "1", "0", "0", "0"))})
		text := func(list []players.Selected) string {
			var all []string
			for _, p := range list {
				if !p.Played {
					all = append(all, p.Player+" -")
					continue
				}
				all = append(all, fmt.Sprintf("%s %d g%d a%d y%d r%d", p.Player, *p.Minutes, p.Goals, *p.Assists, *p.YellowCards, *p.RedCards))
			}
			return strings.Join(all, "; ")
		}
		if got := "home: " + text(m.Sheet.Home) + " | away: " + text(m.Sheet.Away); got != want || m.Sheet.Key != "7" {
			t.Errorf("%s: got  %s\nwant %s", duration, got, want)
		}
	}
}

func TestClubsHaveTheirCountryAndNationalTeamsNone(t *testing.T) {
	t.Parallel()
	m := read(t, map[string]string{"teams.json": `[{"wyId":1,"name":"Elm","type":"club","area":{"alpha3code":"XEN"}},{"wyId":2,"name":"Wales","type":"national","area":{"alpha3code":"XWA"}}]`})
	if m.HomeCountry != "ENG" || m.AwayCountry != "" {
		t.Errorf("got %q and %q", m.HomeCountry, m.AwayCountry)
	}
}
