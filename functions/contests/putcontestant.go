package contests

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type contestantInput struct {
	Kind       string            `json:"kind" enum:"team,org" doc:"team or org" example:"team"`
	Contestant string            `json:"contestant" doc:"Id of your choosing: lower-case letters, digits, _ and -, at most 64" example:"team_northern_lights"`
	Slug       string            `json:"slug" minLength:"1" maxLength:"64" doc:"Its name in addresses, which it shares with no other" example:"northern-lights"`
	Name       string            `json:"name" minLength:"1" maxLength:"80" example:"Northern Lights"`
	Org        *string           `json:"org,omitempty" doc:"Of a team: id of the organisation that it plays for" example:"org_aurora"`
	Members    []contests.Member `json:"members" maxItems:"40" nullable:"false" doc:"All of them: who is missing is a member no more"`
}

func putContestant(d Deps) api.Handler {
	return api.Handle("putContestant", func(ctx context.Context, r *api.Request, in *contestantInput) (contests.Contestant, error) {
		kind := contests.Kind(in.Kind)
		if kind != contests.OfTeam && kind != contests.OfOrg {
			return contests.Contestant{}, api.Fail(api.NotFound, "no such kind: use team or org")
		}
		if !r.Caller.Operator() {
			return contests.Contestant{}, api.Fail(api.PermissionRole, "only operators set teams and their organisations")
		}
		if in.Org != nil && kind == contests.OfOrg {
			return contests.Contestant{}, api.FieldError("org", "is for teams only")
		}
		name, err := api.Line("name", in.Name)
		if err != nil {
			return contests.Contestant{}, err
		}
		return d.Contests.Put(ctx, r, kind, contests.Contestant{ID: in.Contestant, Slug: in.Slug, Name: name, Org: in.Org, Members: in.Members})
	})
}
