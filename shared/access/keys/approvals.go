package keys

import (
	"slices"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
)

// game is the game that a key will be bound to, "" for none.
func (ru rules) game(asked *string, wrong problems) string {
	if asked == nil {
		return ""
	}
	if !ru.contract.Scopes.NeedApproval(contract.NeedsGame) {
		wrong.add("game", "is not supported: no scope of this API is for games")
	}
	return *asked
}

// bound binds a key of another system to its game. An approval is not asked for:
// until the organisation has it, the scopes that need it grant nothing.
func (ru rules) bound(f Foreign, k *record, wrong problems) {
	if f.Game != "" {
		k.Game = ru.game(&f.Game, wrong)
	}
	for _, scope := range k.Scopes {
		if k.Game == "" && ru.contract.Scopes.Needs(scope) == contract.NeedsGame {
			wrong.add("game", "is required for scope %q, which is for one game", scope)
		}
	}
}

// approved tells whether a scope of the key may grant anything: it needs no
// approval, or the organisation has it, for the key's own game where it is a game's.
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

// entitled lists those of the key's scopes that its organisation is approved for.
// Most contracts ask for no approvals, and then these are all of them.
func (ru rules) entitled(o orgs.Org, k record) []string {
	beyond := func(scope string) bool { return !ru.approved(o, k, scope) }
	if !slices.ContainsFunc(k.Scopes, beyond) {
		return k.Scopes
	}
	return slices.DeleteFunc(slices.Clone(k.Scopes), beyond)
}

// mayAsk refuses scopes, or a game, that the organisation is not approved for.
func (ru rules) mayAsk(o orgs.Org, k record, scopes []string) error {
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
