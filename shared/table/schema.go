package table

// The two tables of a deployment. CloudFormation adds or drops one index per
// update, so each table has the indexes that its access patterns need and a spare one.
var (
	// Keys holds organisations, members, keys, secrets, gates, usage and audit.
	Keys = Schema{
		Name:    "keys",
		Indexes: []string{"list", "target", "actor", "spare"},
	}
	// Stats holds leagues, seasons, teams and matches.
	Stats = Schema{
		Name:    "stats",
		Indexes: []string{"kickoff", "league", "season", "status", "home", "away", "pair", "list", "spare"},
		Streams: true,
	}
)
