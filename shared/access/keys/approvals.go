package keys

import (
	"slices"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
)

// game returns the game that a key will be bound to, "" for none.
func (ru rules) game(asked *string, wrong problems) string {
	if asked == nil {
		return ""
	}
	if !ru.contract.Scopes.NeedApproval(contract.NeedsGame) {
		wrong.add("game", "is not supported: no scope of this API is for games")
	}
	return *asked
}

// bindGame binds an imported key to its game. It does not check the approval: until the
// organisation has it, the scopes that need it grant nothing.
func (ru rules) bindGame(f Foreign, k *record, wrong problems) {
	if f.Game != "" {
		k.Game = ru.game(&f.Game, wrong)
	}
	for _, scope := range k.Scopes {
		if k.Game == "" && ru.contract.Scopes.Needs(scope) == contract.NeedsGame {
			wrong.add("game", "is required for scope %q, which is for one game", scope)
		}
	}
}

// approved reports whether a scope of the key may grant anything. It may if it needs no
// approval, or if the organisation has the approval: for the key's own game where the scope
// is for one game.
func (ru rules) approved(o orgs.Org, k record, scope string) bool {
	switch need := ru.contract.Scopes.Needs(scope); need {
	case "":
		return true
	case contract.NeedsGame:
		return k.Game != "" && o.Approved(need, k.Game)
	default:
		return o.Approved(need, "")
	}
}

// entitled returns those of the key's scopes that its organisation is approved for: all of
// them in most contracts, which ask for no approvals.
func (ru rules) entitled(o orgs.Org, k record) []string {
	unapproved := func(scope string) bool { return !ru.approved(o, k, scope) }
	if !slices.ContainsFunc(k.Scopes, unapproved) {
		return k.Scopes
	}
	return slices.DeleteFunc(slices.Clone(k.Scopes), unapproved)
}

// checkApprovals refuses scopes, or a game, for which the organisation has no approval.
func (ru rules) checkApprovals(o orgs.Org, k record, scopes []string) error {
	for _, scope := range scopes {
		if ru.approved(o, k, scope) {
			continue
		}
		if ru.contract.Scopes.Needs(scope) == contract.NeedsGame {
			if k.Game == "" {
				return api.FieldError("game", "is required for scope %q, which is for one game", scope)
			}
			return api.Fail(api.PermissionNeeds, "scope %q needs the organisation's approval as developer of the game %q", scope, k.Game)
		}
		return api.Fail(api.PermissionNeeds, "scope %q needs the organisation's approval as a developer", scope)
	}
	if k.Game != "" && !o.Approved(contract.NeedsGame, k.Game) {
		return api.Fail(api.PermissionNeeds, "a key for the game %q needs the organisation's approval as its developer", k.Game)
	}
	return nil
}
