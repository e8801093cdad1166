// Package contests stores contests: matches that two teams arrange and score
// themselves. They are separate from the football of package matches.
//
// A contest belongs to one game, whose developer's key creates, moves and scores it. The
// rules are a small state machine without a store (rules.go). Teams and the
// organisations that they play for have members. Only the key of an active member reads
// the history of a team or an organisation.
//
// A contest is one item. The history of a user, a team or an organisation is a partition
// of small items that never change: contest, game, opponents and scheduled time. A page
// reads these, then the contests themselves. So a change of a contest is one write,
// however many users took part.
package contests

import "time"

// Status is the state of a contest.
type Status string

// The states of a contest.
const (
	Pending    Status = "PENDING"  // one team has not accepted yet
	Accepted   Status = "ACCEPTED" // both teams have accepted
	Ready      Status = "READY"    // both teams are present
	InProgress Status = "IN_PROGRESS"
	Completed  Status = "COMPLETED"
	Cancelled  Status = "CANCELLED"
	Disputed   Status = "DISPUTED"
	Forfeited  Status = "FORFEITED"
)

// Statuses lists the states.
var Statuses = []Status{Pending, Accepted, Ready, InProgress, Completed, Cancelled, Disputed, Forfeited}

// Contest is a match that two teams arrange and score themselves.
type Contest struct {
	ID          string     `json:"id" example:"con_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Game        string     `json:"game" doc:"Id of the game" example:"rocket-rally"`
	Status      Status     `json:"status" enum:"PENDING,ACCEPTED,READY,IN_PROGRESS,COMPLETED,CANCELLED,DISPUTED,FORFEITED"`
	BestOf      int        `json:"best_of" enum:"1,3,5,7" doc:"Maps at most"`
	Home        Opponent   `json:"home"`
	Away        Opponent   `json:"away"`
	Maps        []MapScore `json:"maps" nullable:"false" doc:"The maps that have a score, by number"`
	Winner      *string    `json:"winner" doc:"Id of the team that won; null while nobody has, and after a draw"`
	ForfeitedBy *string    `json:"forfeited_by" doc:"Id of the team that gave up; null for none"`
	ScheduledAt *time.Time `json:"scheduled_at" doc:"When it is to begin; null where that is open"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// Opponent is one of the two teams, as it was when the contest was created.
type Opponent struct {
	ID   string  `json:"id" example:"team_northern_lights"`
	Slug string  `json:"slug" example:"northern-lights"`
	Name string  `json:"name" example:"Northern Lights"`
	Org  *string `json:"org" doc:"Id of the organisation that it plays for; null for none"`
	Wins int     `json:"wins" doc:"Confirmed maps that it has won"`
}

// MapScore is the score of one map.
type MapScore struct {
	Map       int  `json:"map" doc:"Number of the map, from 1" minimum:"1" maximum:"7"`
	Home      int  `json:"home" minimum:"0" maximum:"1000"`
	Away      int  `json:"away" minimum:"0" maximum:"1000"`
	Confirmed bool `json:"confirmed" doc:"A confirmed score stands"`
}

// Kind is the kind of a history: of a user, a team or an organisation.
type Kind string

// The kinds of histories.
const (
	OfUser Kind = "user"
	OfTeam Kind = "team"
	OfOrg  Kind = "org"
)

// Contestant is a team, or an organisation that teams play for.
type Contestant struct {
	ID      string   `json:"id" example:"team_northern_lights"`
	Slug    string   `json:"slug" example:"northern-lights"`
	Name    string   `json:"name" example:"Northern Lights"`
	Org     *string  `json:"org" doc:"Of a team: id of the organisation that it plays for; null for none"`
	Members []Member `json:"members" nullable:"false"`
}

// Member is a user of a contestant. An inactive member is listed and sees nothing.
type Member struct {
	User  string `json:"user" doc:"User id" example:"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	State string `json:"state" enum:"active,inactive"`
}

// States of a member.
const (
	Active   = "active"
	Inactive = "inactive"
)

// isActive reports whether the user is an active member.
func (p Contestant) isActive(user string) bool {
	for _, m := range p.Members {
		if m.User == user {
			return m.State == Active
		}
	}
	return false
}
