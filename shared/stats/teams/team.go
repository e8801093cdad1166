// Package teams stores teams and the spellings of their names, and decides which team a
// spelling is.
package teams

// Team is a club or a national side.
type Team struct {
	ID      string   `json:"id" doc:"Team id: a slug of the name; never changes" example:"leicester-city-fc"`
	Name    string   `json:"name" doc:"Display name" example:"Leicester City FC"`
	Names   []string `json:"names" doc:"All known spellings of the name"`
	Country *string  `json:"country" doc:"Three-letter code of the country; null if unknown" example:"ENG"`
}
