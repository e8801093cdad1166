// Package leagues stores leagues, their seasons and points adjustments. It also maps
// league codes to countries and time zones.
package leagues

import "strings"

// League is a competition with seasons.
type League struct {
	ID            string  `json:"id" doc:"League id: the code that openfootball uses" example:"en.1"`
	Name          string  `json:"name" doc:"Name without the season" example:"English Premier League"`
	Country       *string `json:"country" doc:"Three-letter code of the football association; null for international leagues" example:"ENG"`
	CurrentSeason *string `json:"current_season" doc:"Id of the latest season; null if the league has no season" example:"2025-26"`

	// Shown only by views.
	Sport   string  `json:"-" view:"sport" enum:"football" doc:"Sport"`
	LogoURL *string `json:"-" view:"logo_url" doc:"Address of the logo; always null, as no data source provides one"`
}

// Football is the sport of every league.
const Football = "football"

// SeasonID returns the season id of a client's text. Contracts that show 2025-26 as
// 2025/26 receive the latter.
func SeasonID(text string) string { return strings.ReplaceAll(text, "/", "-") }

// LeagueSeason is a season with the id of its league, for lists of several leagues.
type LeagueSeason struct {
	League string `json:"league" doc:"League id" example:"en.1"`
	Season
}

// Season is one season of a league.
type Season struct {
	ID              string  `json:"id" doc:"Season id" example:"2015-16"`
	Start           *string `json:"start" format:"date" doc:"Local date of the first match; null if unknown"`
	End             *string `json:"end" format:"date" doc:"Local date of the last match; null if unknown"`
	CurrentMatchday *int    `json:"current_matchday" doc:"Highest matchday with a played or live match; null if rounds have no number or no match was played"`
}
