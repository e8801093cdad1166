// Package standings computes league tables from matches, rules and deductions. It does
// not read or write storage.
//
// # Which matches
//
// A table is made of league matches: those with a matchday or a group. A season
// without league matches is a knock-out and has no table ([ErrNoStandings]). Other
// matches are left out: finals that a league's file lists in addition to its
// matchdays, and the knock-out matches after the groups of a cup.
//
// Finished and awarded matches count. Scheduled, live, postponed and abandoned
// matches do not count yet. A cancelled match will never be played. A team is listed
// unless all its matches are cancelled; before its first result its row has zeros.
//
// # Stages
//
// Matches without a stage, if there are any, are the regular season. Other stages are
// then left out, unless the rules name them as parts of a split. If every match of a
// season has a stage, the season is a series of tournaments (Apertura, then Clausura),
// each with its own table. The table is that of the latest tournament that has begun.
// To get an earlier table, request a date within that tournament.
//
// In a split (Austria since 2018-19) the regular season decides in which part a
// team continues. The table remains one list: positions continue from the
// championship part to the relegation part, and every row counts the whole season.
// The table splits, and points are halved, with the first result of any part.
//
// # Groups
//
// Groups follow each other in one list, and positions restart in each group.
//
// # As of
//
// A round counts the matchdays up to it, regardless of the dates on which they were
// played. A date counts the local days up to it. If both are given, a match must satisfy
// both. If a group's matches have no numbers, a team's nth match by date is its nth
// matchday. Deductions apply at every round, because the date of a verdict is rarely the
// first day of the tables that it applies to.
//
// # Order
//
// Teams are ranked by points, or by points per game. The tie-breaks of the rules then
// order teams that are level, one after another. The name and finally the id decide
// the remaining ties, so the order is total.
//
// Head-to-head is a table of the matches among all the level teams. Teams that are
// level in that table get a table of their own matches. If such a table separates no
// team, the next tie-break applies.
package standings
