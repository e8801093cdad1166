package tools

// resources are tools that correspond to operations of the REST API.
var resources = map[string]func(d Deps) definition{
	"list_leagues":      listLeaguesTool,
	"get_matches":       getMatchesTool,
	"get_match":         getMatchTool,
	"get_match_events":  getEventsTool,
	"get_match_stats":   getStatsTool,
	"get_match_lineups": getLineupsTool,
	"get_standings":     getStandingsTool,
	"get_head_to_head":  getHeadToHeadTool,
}
