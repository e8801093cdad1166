// Package teams stores teams and the spellings of their names, and decides which team a
// spelling is.
package teams

// Team is a club or a national side.
type Team struct {
	ID      string   `json:"id" doc:"Slug of the name; never changes" example:"leicester-city-fc"`
	Name    string   `json:"name" example:"Leicester City FC"`
	Names   []string `json:"names" doc:"Every spelling under which the team is known"`
	Country *string  `json:"country" doc:"Three-letter code" example:"ENG"`
}
