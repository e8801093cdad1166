package openapi

// score describes the rules for the scores of a match.
const score = "A match that is `scheduled`, `postponed` or `cancelled` has no score; one that is `finished` or `awarded` has `full_time`, and a winner if it has `penalties`. `extra_time` and `penalties` require `full_time`. No side has fewer goals later in the match."

// rules has the rules for several inputs together, by operation, in Markdown: a schema
// cannot say which combinations are accepted. The document shows them after prose, with
// the contract's names in place of ours.
var rules = map[string]string{
	"listTeams":        "Supported filters: none; `league`, with or without `season`; `q`. Other combinations are refused.",
	"listStats":        "Supported filters: none; `league`, with or without `season`.",
	"listMatches":      "`round` and `stage` require `league` and `season`, and so do several values of `status`. Give either `date`, or both `from` and `to`.",
	"createMatch":      "Give either `date` or `kickoff_at`. `season` requires `league`. Each team has either `id` or `name`, and the two teams differ. `minute` is only for the status `live`. " + score,
	"updateMatch":      "`date` and `kickoff_at` exclude each other, and can change only while the match is `scheduled`. `minute` is only for the status `live`. " + score,
	"createContest":    "The two teams differ.",
	"listContests":     contestFilters,
	"listUserContests": contestFilters,
	"listTeamContests": contestFilters,
	"listOrgContests":  contestFilters,
	"scoreContest":     "Each map is given once.",
	"agreeContest":     "Give either `status` or `confirm`.",
	"putContestant":    "Only a team has `org`.",
	"putConnections":   "A member has at most one account per platform.",

	"createApplication": "`game` is required for the kind `game`, and only allowed for it.",

	"createKey": "Give `expires_in` or `expires_at`, not both. A scope for one game requires `game`.",
	"updateKey": "Give `expires_in` or `expires_at`, not both.",
}

const contestFilters = "All filters can be combined. `exclude_statuses` is ignored if `include_statuses` is given."
