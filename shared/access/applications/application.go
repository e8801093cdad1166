// Package applications stores what organisations apply for as developers, and the
// operator's decisions. Some scopes grant nothing without an approval
// (contract.Scope.Needs).
//
// An organisation applies once in general and once for each of its games. Approvals are
// also stored on the organisation's own item, which every check of a key reads anyway; one
// transaction writes both. A decision changes facts and then bumps gates (package change),
// so a withdrawn approval has effect on the next request of every key of the organisation.
package applications

import (
	"regexp"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// States of an application.
const (
	Pending   = "pending"
	Approved  = "approved"
	Withdrawn = "withdrawn"
)

// Application is what an organisation asked to be approved for.
type Application struct {
	ID        string     `json:"id" doc:"Application id" example:"app_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Org       string     `json:"org" doc:"Organisation id"`
	Kind      string     `json:"kind" enum:"general,game" doc:"Kind of approval: general, or for one game"`
	Game      *string    `json:"game" doc:"Game id; null for kind general"`
	Reason    string     `json:"reason" doc:"Reason for the application, at most 500 characters"`
	State     string     `json:"state" enum:"pending,approved,withdrawn" doc:"Application state"`
	CreatedAt time.Time  `json:"created_at" doc:"Creation time"`
	CreatedBy string     `json:"created_by" doc:"Id of the user who applied"`
	DecidedAt *time.Time `json:"decided_at" doc:"Time of the last decision; null while pending"`
}

const (
	sortKey = "APPLICATION"
	listed  = "APPLICATIONS" // partition of the index of all applications
)

func address(id string) table.Key {
	return table.Key{Partition: table.Join("APPLICATION", id), Sort: sortKey}
}

// claim is the address of the item that stops an organisation from applying twice for the
// same approval. It sorts before the organisation's keys.
func (a Application) claim() table.Key {
	return table.Key{Partition: orgs.Partition(a.Org), Sort: table.Join(sortKey, a.approval())}
}

// approval is the approval as it is written in the organisation's list of approvals.
func (a Application) approval() string {
	if a.Game == nil {
		return orgs.Approval(a.Kind, "")
	}
	return orgs.Approval(a.Kind, *a.Game)
}

func ofOrg(org string) string { return table.Join(listed, org) }

func (a Application) item(rev int64) table.Item {
	at := address(a.ID)
	it := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
		"list_pk": listed, "list_sk": a.ID, "target_pk": ofOrg(a.Org), "target_sk": a.ID,
		"id": a.ID, "org": a.Org, "kind": a.Kind, "reason": a.Reason, "state": a.State,
		"created_at": a.CreatedAt.Unix(), "created_by": a.CreatedBy, "rev": rev}
	if a.Game != nil {
		it["game"] = *a.Game
	}
	if a.DecidedAt != nil {
		it["decided_at"] = a.DecidedAt.Unix()
	}
	return it
}

func fromItem(it table.Item) (Application, bool) {
	if it.Str(table.SortAttr) != sortKey {
		return Application{}, false
	}
	a := Application{ID: it.Str("id"), Org: it.Str("org"), Kind: it.Str("kind"), Reason: it.Str("reason"), State: it.Str("state"),
		CreatedAt: time.Unix(it.Int("created_at"), 0).UTC(), CreatedBy: it.Str("created_by")}
	if game := it.Str("game"); game != "" {
		a.Game = &game
	}
	if at := it.Int("decided_at"); at != 0 {
		decided := time.Unix(at, 0).UTC()
		a.DecidedAt = &decided
	}
	return a, true
}

var gameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// check refuses an application for an approval that does not exist.
func (a Application) check(c *contract.Contract) error {
	switch {
	case a.Kind != contract.NeedsGeneral && a.Kind != contract.NeedsGame || !c.Scopes.NeedApproval(a.Kind):
		return api.FieldError("kind", "must be an approval that a scope of this API needs")
	case a.Kind == contract.NeedsGeneral && a.Game != nil:
		return api.FieldError("game", "is allowed only for kind game")
	case a.Kind == contract.NeedsGame && (a.Game == nil || len(*a.Game) > 64 || !gameForm.MatchString(*a.Game)):
		return api.FieldError("game", "must be lower-case letters, digits and -, at most 64")
	}
	return nil
}

// settings are an application's fields in the audit trail.
type settings struct {
	Kind  string  `json:"kind"`
	Game  *string `json:"game"`
	State string  `json:"state"`
}

func (a Application) settings() settings { return settings{a.Kind, a.Game, a.State} }
