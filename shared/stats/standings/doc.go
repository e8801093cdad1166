// Package standings computes league tables from matches, rules and deductions. It does
// not read or write storage.
//
// # Which matches
//
// A table is made of league matches, those with a matchday or a group. A season
// that has none is a knock-out and has no table ([ErrNoStandings]); the finals
// that a league file carries beside its matchdays, or a cup after its groups, are
// left out for the same reason. Finished and awarded matches count; scheduled and
// live ones, and postponed and abandoned ones, do not yet. A cancelled match will
// never be played: a team with cancelled matches only is not listed, any other
// team is, with zeros before its first result.
//
// # Stages
//
// Where matches without a stage exist, they are the regular season, and other
// stages are left out unless the rules name them as parts of a split. A season of
// which every match has a stage consists of tournaments in a row (Apertura, then
// Clausura), each with a table of its own; the latest that has begun is shown, so
// an earlier one is found by its dates.
//
// In a split (Austria since 2018-19) the regular season decides in which part a
// team goes on. The list stays one list: positions run on from the championship
// part to the relegation part, and every row counts the whole season. It splits,
// and points are halved, with the first result of any part.
//
// # Groups
//
// Groups stand one after the other in one list, and positions restart in each.
//
// # As of
//
// A round counts the matchdays up to it, whenever they were played; a date counts
// the local days up to it; both given, a match must meet both. Where a group's
// matches carry no number, a team's nth match by date is its nth matchday.
// Deductions apply at every round, because the date of a verdict is rarely the
// day from which its table holds.
//
// # Order
//
// Teams are ranked by points, or by points per game, and teams that are level by
// the rules' tie-breaks in turn; the name, then the id, decide what is left, so
// the order is total. Head-to-head is a table of the matches among all the level
// teams; those who are level in it again get one of their own, and who cannot be
// separated passes to the next tie-break.
package standings
