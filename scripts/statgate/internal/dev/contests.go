package dev

import (
	"context"
	"fmt"
	"strings"
	"time"

	"statgate/shared/access/idempotency"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/contests"
)

// demoGame is the game that the demo organisation is approved to develop.
const demoGame = "rocket-rally"

// contests creates two teams, a game, a few contests, and a key that is bound to the
// game. It does nothing where the contract has no contests.
func (p *preparation) contests(ctx context.Context, d *demo) error {
	if _, ok := p.contract.Operations["createContest"]; !ok || p.empty {
		return nil
	}
	if p.ids.Game == "" {
		me, err := p.d.Keys.Authenticate(ctx, d.Client)
		if err != nil {
			return err
		}
		if err := p.approve(ctx, me.User); err != nil {
			return err
		}
		if err := p.arrange(ctx, me.User); err != nil {
			return err
		}
	}
	var err error
	d.Game, err = p.gameKey(ctx)
	return err
}

// approve applies for the demo's game, approves the application, and links accounts to
// the user.
func (p *preparation) approve(ctx context.Context, user string) error {
	game := demoGame
	owner := p.request()
	owner.Caller = &api.Caller{Org: p.ids.Org, User: user, Role: api.RoleOwner}
	a, err := p.d.Applications.Create(ctx, owner, contract.NeedsGame, &game, "the demo's game")
	if err != nil {
		return err
	}
	if _, _, err = p.d.Applications.Decide(ctx, p.request(), a.ID, "approved"); err != nil {
		return err
	}
	return p.d.Orgs.Connect(ctx, p.request(), p.ids.Org, user, []orgs.Account{
		{Platform: "discord", ID: "80351110224678912", Name: "demo"}, {Platform: "github", ID: "583231", Name: "demo"}})
}

// arrange creates two teams and their contests. The user is a member of one of them.
func (p *preparation) arrange(ctx context.Context, user string) error {
	aurora := "org_aurora"
	for _, c := range []struct {
		kind contests.Kind
		is   contests.Contestant
	}{
		{contests.OfOrg, contests.Contestant{ID: aurora, Slug: "aurora", Name: "Aurora", Members: []contests.Member{{User: user, State: contests.Active}}}},
		{contests.OfTeam, contests.Contestant{ID: "team_northern_lights", Slug: "northern-lights", Name: "Northern Lights", Org: &aurora,
			Members: []contests.Member{{User: user, State: contests.Active}}}},
		{contests.OfTeam, contests.Contestant{ID: "team_southern_cross", Slug: "southern-cross", Name: "Southern Cross"}},
	} {
		if _, err := p.d.Contests.Put(ctx, p.request(), c.kind, c.is); err != nil {
			return err
		}
	}
	for i, scores := range [][]contests.MapScore{
		{{Map: 1, Home: 3, Away: 1, Confirmed: true}, {Map: 2, Home: 2, Away: 0, Confirmed: true}},
		{{Map: 1, Home: 1, Away: 4, Confirmed: true}, {Map: 2, Home: 2, Away: 2}},
		nil,
	} {
		if err := p.createContest(ctx, time.Duration(3-i)*24*time.Hour, scores); err != nil {
			return err
		}
	}
	return nil
}

// createContest creates a contest as of some time ago, and scores it unless scores is nil.
func (p *preparation) createContest(ctx context.Context, ago time.Duration, scores []contests.MapScore) error {
	r := p.request()
	r.Now = r.Now.Add(-ago)
	at := contests.Instant(r.Now.Add(2 * time.Hour))
	c, err := p.d.Contests.Create(ctx, r, idempotency.Token{}, contests.Spec{Game: demoGame, Home: "northern-lights", Away: "southern-cross",
		BestOf: 3, Status: contests.Ready, ScheduledAt: &at})
	if err != nil || scores == nil {
		return err
	}
	_, err = p.d.Contests.Change(ctx, r, idempotency.Token{}, c.ID, contests.Step{Action: "contest.score", Guard: contests.AnyGame, Rule: func(c contests.Contest) (contests.Contest, error) {
		c, err := c.Move(contests.InProgress, at)
		if err != nil {
			return c, err
		}
		c, _, err = c.Score(scores, at)
		return c, err
	}})
	return err
}

// gameKey finds or creates the key that is bound to the game, and returns its secret.
func (p *preparation) gameKey(ctx context.Context) (string, error) {
	if p.ids.Game != "" {
		if secret, err := p.secretOf(ctx, p.ids.Game, p.secrets.Game); err == nil || api.AsError(err).Condition != api.ConflictFinal {
			return secret, err
		}
	}
	game := demoGame
	var scopes []string
	for _, s := range p.contract.Scopes.Scopes() {
		if s.Needs == contract.NeedsGame {
			scopes = append(scopes, s.Name)
		}
	}
	minted, err := p.d.Keys.Create(ctx, p.request(), keys.Spec{Name: "Demo game", Scopes: scopes, Org: &p.ids.Org, Game: &game})
	p.ids.Game = minted.ID
	return minted.Secret, err
}

// announceContests prints curl lines for contests that work when pasted.
func (d *demo) announceContests(b *strings.Builder, o options) {
	bearer := func(secret string) string { return "-H 'Authorization: Bearer " + secret + "'" }
	for _, route := range api.For(o.contract) {
		path := strings.NewReplacer("{team}", "northern-lights").Replace(d.Base + strings.TrimPrefix(route.Path, o.contract.Base))
		switch route.Operation {
		case "listContests", "getConnections":
			fmt.Fprintf(b, "  curl -s %s %s\n", bearer(d.Client), path)
		case "listTeamContests":
			fmt.Fprintf(b, "  curl -s %s -H 'Content-Type: application/json' -d '{\"limit\":2}' %s\n", bearer(d.Client), path)
		case "createContest":
			names := o.contract.Operations[route.Operation].Names
			name := func(ours string) string {
				if theirs, ok := names[ours]; ok {
					return theirs
				}
				return ours
			}
			fmt.Fprintf(b, "  curl -s %s -H 'Content-Type: application/json' -d '{%q:\"northern-lights\",%q:\"southern-cross\"}' %s\n",
				bearer(d.Game), name("home"), name("away"), path)
		}
	}
}
