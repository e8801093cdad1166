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
	ID          string     `json:"id" doc:"Match id" example:"con_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Game        string     `json:"game" doc:"Game id" example:"rocket-rally"`
	Status      Status     `json:"status" enum:"PENDING,ACCEPTED,READY,IN_PROGRESS,COMPLETED,CANCELLED,DISPUTED,FORFEITED" doc:"Match status"`
	BestOf      int        `json:"best_of" enum:"1,3,5,7" doc:"Largest number of maps"`
	Home        Opponent   `json:"home" doc:"Home team"`
	Away        Opponent   `json:"away" doc:"Away team"`
	Maps        []MapScore `json:"maps" nullable:"false" doc:"Maps with a score, by map number"`
	Winner      *string    `json:"winner" doc:"Id of the winning team; null while undecided and after a draw"`
	ForfeitedBy *string    `json:"forfeited_by" doc:"Id of the team that forfeited; null if neither did"`
	// ForfeitReason is what the game stated.
	ForfeitReason *string    `json:"forfeit_reason" doc:"Reason of the forfeit; null if none was given"`
	ScheduledAt   *time.Time `json:"scheduled_at" doc:"Scheduled start; null if not scheduled"`
	CreatedAt     time.Time  `json:"created_at" doc:"Creation time"`
	UpdatedAt     time.Time  `json:"updated_at" doc:"Time of the last change"`
}

// Opponent is one of the two teams, as it was when the contest was created.
type Opponent struct {
	ID   string  `json:"id" doc:"Team id" example:"team_northern_lights"`
	Slug string  `json:"slug" doc:"Team slug" example:"northern-lights"`
	Name string  `json:"name" doc:"Team name" example:"Northern Lights"`
	Org  *string `json:"org" doc:"Id of the team's organisation; null if it has none"`
	Wins int     `json:"wins" doc:"Confirmed maps won"`
}

// MapScore is the score of one map.
type MapScore struct {
	Map       int  `json:"map" doc:"Map number, from 1" minimum:"1" maximum:"7"`
	Home      int  `json:"home" minimum:"0" maximum:"1000" doc:"Score of the home team, 0–1000"`
	Away      int  `json:"away" minimum:"0" maximum:"1000" doc:"Score of the away team, 0–1000"`
	Confirmed bool `json:"confirmed" doc:"Whether the score is final; a confirmed score is never overwritten"`
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
	ID      string   `json:"id" doc:"Id of the team or organisation" example:"team_northern_lights"`
	Slug    string   `json:"slug" doc:"Slug for use in paths" example:"northern-lights"`
	Name    string   `json:"name" doc:"Display name" example:"Northern Lights"`
	Org     *string  `json:"org" doc:"Id of the organisation that a team plays for; null without one"`
	Members []Member `json:"members" nullable:"false" doc:"Members"`
}

// Member is a user of a contestant. An inactive member is listed and sees nothing.
type Member struct {
	User  string `json:"user" text:"id" doc:"User id" example:"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	State string `json:"state" enum:"active,inactive" doc:"Member state; an inactive member has no access"`
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
