// Package players stores players and their statistics by season.
package players

// Player is one player. Unknown values are null.
type Player struct {
	ID       string  `json:"id" doc:"Player id; never changes" example:"jamie-vardy"`
	Name     string  `json:"name" doc:"Display name" example:"Jamie Vardy"`
	Country  *string `json:"country" doc:"Three-letter code of the country; null if unknown" example:"ENG"`
	Born     *string `json:"born" format:"date" doc:"Date of birth; null if unknown" example:"1987-01-11"`
	Position *string `json:"position" enum:"goalkeeper,defender,midfielder,forward" nullable:"true" doc:"Usual position; null if unknown"`
	Team     *string `json:"team" doc:"Id of the team of the latest stored lineup; null if unknown" example:"leicester-city-fc"`
}

// Stats are the statistics of a player for one team in one season.
type Stats struct {
	Player      string `json:"player" doc:"Player id" example:"jamie-vardy"`
	Team        string `json:"team" doc:"Team id" example:"leicester-city-fc"`
	League      string `json:"league" doc:"League id" example:"en.1"`
	Season      string `json:"season" doc:"Season id" example:"2015-16"`
	Matches     int    `json:"matches" minimum:"0" doc:"Matches played" example:"36"`
	Minutes     *int   `json:"minutes" minimum:"0" doc:"Minutes played, without added time; null if unknown"`
	Goals       int    `json:"goals" minimum:"0" doc:"Goals scored, without own goals" example:"24"`
	Assists     *int   `json:"assists" minimum:"0" doc:"Assists; null if unknown" example:"6"`
	YellowCards *int   `json:"yellow_cards" minimum:"0" doc:"Yellow cards; null if unknown"`
	RedCards    *int   `json:"red_cards" minimum:"0" doc:"Red cards; null if unknown"`
}
