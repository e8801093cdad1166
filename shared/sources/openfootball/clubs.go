package openfootball

import (
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

// ClubsFile is the clubs of one country.
type ClubsFile struct {
	Clubs    []teams.Club
	Problems []Problem
}

// IsClubs reports whether a file lists clubs, by its name, such as "eng.clubs.txt". The
// same folders have files of stadiums.
func IsClubs(file string) bool { return strings.HasSuffix(file, ".clubs.txt") }

var (
	comment     = regexp.MustCompile(`#.*`)
	reserves    = regexp.MustCompile(`^[ivx]+\)\s+`) // "ii) Real Madrid B" is a team of its own
	yearsSuffix = regexp.MustCompile(`\s*\((\d{0,4}-\d{0,4})\)$`)
	language    = regexp.MustCompile(`\s*\[[a-z]{2}\]$`)
)

// ParseClubs reads one file:
//
//	= England
//	Arsenal FC, 1886, @ Emirates Stadium, London (Highbury)   ## a comment
//	  | Arsenal | FC Arsenal | Arsenal London [de]
//	 75 Drayton Park // London N5 1BU
//	Accrington FC (1878-1896),  Accrington
//
// A club begins in the first column, and its name ends at the comma. Indented lines are
// other spellings, or an address with two slashes. The country comes from the file's name.
func ParseClubs(file string, data []byte) ClubsFile {
	var f ClubsFile
	code, _, _ := strings.Cut(path.Base(filepath.ToSlash(file)), ".")
	country := leagues.Country(code)
	if country == "" {
		f.Problems = append(f.Problems, Problem{File: file, Field: "name", Message: "unknown country code " + strconv.Quote(code) + "; want a name such as eng.clubs.txt"})
		return f
	}
	for i, line := range strings.Split(strings.TrimPrefix(strings.ToValidUTF8(string(data), "\uFFFD"), "\ufeff"), "\n") {
		line = strings.TrimRight(comment.ReplaceAllString(line, ""), " \t\r")
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.HasPrefix(text, "="):
		case strings.HasPrefix(text, "|") || line != text && !strings.Contains(text, "//"):
			if len(f.Clubs) == 0 {
				f.Problems = append(f.Problems, Problem{file, i + 1, "alias", "spellings come before any club"})
				continue
			}
			c := &f.Clubs[len(f.Clubs)-1]
			for _, alias := range strings.Split(text, "|") {
				if alias, _ = clubName(alias); alias != "" {
					c.Aliases = append(c.Aliases, alias)
				}
			}
		case line == text:
			name, _, _ := strings.Cut(reserves.ReplaceAllString(text, ""), ",")
			name, years := clubName(name)
			if name == "" {
				f.Problems = append(f.Problems, Problem{file, i + 1, "name", "a club without a name"})
				continue
			}
			f.Clubs = append(f.Clubs, teams.Club{Name: name, Years: years, Country: country})
		}
	}
	return f
}

// clubName returns the name and the years of a club. It removes the years in which the club
// existed, the language of a spelling, and the marks around a sponsor.
func clubName(s string) (name, years string) {
	s = strings.TrimSpace(language.ReplaceAllString(strings.TrimSpace(s), ""))
	if m := yearsSuffix.FindStringSubmatch(s); m != nil {
		s, years = strings.TrimSuffix(s, m[0]), m[1]
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "$$", "")), " "), years
}
