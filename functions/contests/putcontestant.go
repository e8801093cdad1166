package contests

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type contestantInput struct {
	Kind       string            `json:"kind" enum:"team,org" doc:"Kind of contestant: team or org" example:"team"`
	Contestant string            `json:"contestant" text:"id" doc:"Id of your choice: at most 64 lower-case letters, digits, _ and -" example:"team_northern_lights"`
	Slug       string            `json:"slug" text:"id" minLength:"1" maxLength:"64" doc:"Slug for use in paths, unique, 1–64 characters" example:"northern-lights"`
	Name       string            `json:"name" text:"line" minLength:"1" maxLength:"80" doc:"Display name, 1–80 characters" example:"Northern Lights"`
	Org        *string           `json:"org,omitempty" text:"id" doc:"Id of the organisation that a team plays for" example:"org_aurora"`
	Members    []contests.Member `json:"members" maxItems:"40" nullable:"false" doc:"All members, at most 40; a member who is not listed is removed"`
}

func putContestant(d Deps) api.Handler {
	return api.Handle("putContestant", func(ctx context.Context, r *api.Request, in *contestantInput) (contests.Contestant, error) {
		kind := contests.Kind(in.Kind)
		if kind != contests.OfTeam && kind != contests.OfOrg {
			return contests.Contestant{}, api.Fail(api.NotFound, "kind: must be team or org")
		}
		if !r.Caller.Operator() {
			return contests.Contestant{}, api.Fail(api.PermissionRole, "only operators can set teams and their organisations")
		}
		if in.Org != nil && kind == contests.OfOrg {
			return contests.Contestant{}, api.FieldError("org", "is allowed only for teams")
		}
		return d.Contests.Put(ctx, r, kind, contests.Contestant{ID: in.Contestant, Slug: in.Slug, Name: in.Name, Org: in.Org, Members: in.Members})
	})
}
