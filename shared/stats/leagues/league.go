// Package leagues is leagues and their seasons.
package leagues

import "strings"

// League is a competition that has a season a year.
type League struct {
	ID            string  `json:"id" doc:"openfootball's code" example:"en.1"`
	Name          string  `json:"name" doc:"Name without the season" example:"English Premier League"`
	Country       *string `json:"country" doc:"Three-letter code of the football association; null for international leagues" example:"ENG"`
	CurrentSeason *string `json:"current_season" doc:"Id of the latest season" example:"2025-26"`

	// What only views show.
	Sport   string  `json:"-" view:"sport" enum:"football"`
	LogoURL *string `json:"-" view:"logo_url" doc:"Null: no source of ours has one"`
}

// Football is the sport of every league.
const Football = "football"

// SeasonID is a season's id as a client may have spelt it: contracts that show
// 2025-26 as 2025/26 get it back so.
func SeasonID(text string) string { return strings.ReplaceAll(text, "/", "-") }

// LeagueSeason is a season that stands beside those of other leagues.
type LeagueSeason struct {
	League string `json:"league" doc:"League id" example:"en.1"`
	Season
}

// Season is one season of a league.
type Season struct {
	ID              string  `json:"id" example:"2015-16"`
	Start           *string `json:"start" format:"date" doc:"Local day of the first match"`
	End             *string `json:"end" format:"date" doc:"Local day of the last match"`
	CurrentMatchday *int    `json:"current_matchday" doc:"Highest matchday with a match that was played or is live; null where rounds have no number or none was played"`
}
