package tools

import (
	"context"

	"statgate/shared/stats/matches"
)

type getMatchInput struct {
	Match string `json:"match_id" text:"id" minLength:"1" maxLength:"200" doc:"Match id, from get_matches" example:"m_3vtsl7lq2ehtu"`
}

// partsOfMatchInput is the input of tools whose results may not fit in one answer.
type partsOfMatchInput struct {
	Match  string `json:"match_id" text:"id" minLength:"1" maxLength:"200" doc:"Match id, from get_matches" example:"m_3vtsl7lq2ehtu"`
	Cursor string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

func getMatchTool(d Deps) definition {
	return mirror[getMatchInput, *matches.Match]("Match",
		"One match: its teams, kick-off in UTC, status and score. "+
			`Example: {"match_id": "m_3vtsl7lq2ehtu"}`,
		func(ctx context.Context, c *Call, in *getMatchInput) (mirrored, error) {
			m, err := d.Matches.For(c.Caller, c.Contract).Get(ctx, in.Match)
			if err != nil {
				return nil, unknownMatch(err, in.Match)
			}
			return whole(m, utcLine), nil
		})
}

func unknownMatch(err error, id string) error {
	return unknownID(err, "match_id", "match", id, "get_matches")
}

func getHeadToHeadTool(d Deps) definition {
	return mirror[partsOfMatchInput, *matches.HeadToHeadAnswer]("Head-to-head record",
		"The played meetings of a match's two teams in every league, newest first, and their totals. The totals are of all meetings. "+
			`Example: {"match_id": "m_3vtsl7lq2ehtu"}`,
		func(ctx context.Context, c *Call, in *partsOfMatchInput) (mirrored, error) {
			record, err := d.Matches.For(c.Caller, c.Contract).RecordOf(ctx, in.Match)
			if err != nil {
				return nil, unknownMatch(err, in.Match)
			}
			rest, at, err := offsets(ctx, c, in.Cursor, record.Data)
			if err != nil {
				return nil, err
			}
			shown := plainCopy(*record)
			t := shown.Totals
			return &parts[matches.Match]{rows: rest, at: at, line: utcLine, none: "no meeting was played",
				heading: line("%s and %s: %d meetings, %d wins of %s, %d draws, %d wins of %s, goals %d:%d",
					shown.Home.Name, shown.Away.Name, t.Played, t.HomeWins, shown.Home.Name, t.Draws, t.AwayWins, shown.Away.Name, t.HomeGoals, t.AwayGoals),
				value: func(rows []matches.Match) any {
					shown.Data = rows
					return &shown
				}}, nil
		})
}
