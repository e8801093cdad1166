package suite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// replayed returns the cases of contracts with replays of matches.
func replayed(c *contract.Contract) []Case {
	if _, ok := c.Operations["createReplay"]; !ok || c.NoReplays {
		return nil
	}
	return []Case{
		{ID: "replay.life", Guarantee: "a replay is created, read, listed, changed and deleted with its match; the audit trail has each change", Run: replayLife},
		{ID: "replay.refused", Guarantee: "a replay of a match that cannot be replayed, or with an invalid field, is refused by name, and so is a key without the scope", Run: replayRefused},
		{ID: "replay.level", Guarantee: "of replays created concurrently, exactly the plan's level are created; a deleted one frees a place", Run: replayLevel},
		{ID: "replay.tenant", Guarantee: "another organisation's replay answers like an unknown one, and so does its match", Run: replayTenant},
		{ID: "replay.play", Guarantee: "the match of a replay goes from kick-off to the end with the events and the result of the original, and is in no list", Run: replayPlay},
		{ID: "replay.pause", Guarantee: "a paused replay stands still; a step back withdraws events, and they happen again", Run: replayPause},
		{ID: "replay.sent", Guarantee: "a webhook is sent the events of a replay's match, which belong to its organisation alone", Run: replaySent},
	}
}

const (
	topSpeed        = 600       // seconds of the match per second
	replayLevelName = "replays" // of a plan
)

// maxCandidates bounds how many matches are tried.
const maxCandidates = 30

// replayable returns the id of a finished match that can be replayed, with its events. The case
// does not apply to a deployment that has none.
func (t *T) replayable(secret string) (match string, events []map[string]any) {
	match, events, ok := t.findReplayable(secret)
	if !ok {
		t.NotApplicable("none of the last %d finished matches has events", maxCandidates)
	}
	return match, events
}

func (t *T) findReplayable(secret string) (match string, events []map[string]any, ok bool) {
	list := t.items(t.mustOp(secret, "listMatches", in{"status": "finished", "order": "desc", "limit": maxCandidates}))
	for _, m := range list {
		events := t.items(t.mustOp(secret, "listMatchEvents", in{"match": m["id"]}))
		if len(events) > 0 && m["owner"] == "public" {
			return textOf(m, "id"), events, true
		}
	}
	return "", nil, false
}

// replayKey returns a key of an organisation of its own, as webhooks of the case's organisation
// receive the events of its replays.
func (t *T) replayKey() string { return t.allDataKey(t.tenant("replays", t.largest().Name)) }

// replay creates a replay that the case deletes in the end.
func (t *T) replay(secret string, spec in) (id, match string) {
	made := t.op(secret, "createReplay", spec)
	t.wantStatus(made, http.StatusCreated)
	return made.text("id"), made.text("replay_match")
}

func replayLife(t *T) {
	secret := t.replayKey()
	source, _ := t.replayable(secret)
	id, match := t.replay(secret, in{"match": source, "speed": 1})
	defer t.op(secret, "deleteReplay", in{"replay": id})
	if match == "" || match == source {
		t.Errorf("createReplay: the replay plays %q, want a match of its own", match)
	}
	read := t.mustOp(secret, "getReplay", in{"replay": id})
	if read.text("match") != source || read.text("state") != "playing" || read.number("speed") != 1 {
		t.Errorf("%s: got %s", read.asked, read.brief())
	}
	changed := t.mustOp(secret, "updateReplay", in{"replay": id, "paused": true, "position": 600})
	if changed.text("state") != "paused" || changed.number("position") != 600 || changed.number("version") != 2 {
		t.Errorf("%s: got %s", changed.asked, changed.brief())
	}
	found := false
	for _, r := range t.listed(secret, "listReplays", in{}) {
		found = found || r["id"] == id
	}
	if !found {
		t.Errorf("listReplays does not have %s", id)
	}
	t.mustOp(secret, "deleteReplay", in{"replay": id})
	t.wantError(t.op(secret, "getReplay", in{"replay": id}), api.NotFound)
	t.wantError(t.op(secret, "deleteReplay", in{"replay": id}), api.NotFound)
	t.wantError(t.op(secret, "getMatch", in{"match": match}), api.NotFound)
}

func replayRefused(t *T) {
	secret := t.replayKey()
	source, _ := t.replayable(secret)
	for field, spec := range map[string]in{
		"match":    {"match": "m_nothing"},
		"speed":    {"match": source, "speed": topSpeed + 1},
		"start_at": {"match": source, "start_at": "2020-01-01T00:00:00Z"},
	} {
		r := t.op(secret, "createReplay", spec)
		t.wantError(r, api.InputField)
		if r.value("details", "fieldErrors", field) == nil {
			t.Errorf("%s: the error does not name %s: %s", r.asked, field, r.brief())
		}
	}
	reader := t.key(t.home.admin, t.home, in{"scopes": []string{"read:matches"}}).secret
	if r := t.op(reader, "createReplay", in{"match": source}); !t.denied(r) {
		t.Errorf("%s by a key without the scope: got %s", r.asked, r.brief())
	}
	blind := t.key(t.home.admin, t.home, in{"scopes": []string{"write:replays"}}).secret
	t.wantError(t.op(blind, "createReplay", in{"match": source}), api.Permission)
}

func replayLevel(t *T) {
	most := t.scarcest().Budgets[replayLevelName].Limit
	n := t.tenant("replays", t.scarcest().Name)
	secret := t.allDataKey(n)
	source, _ := t.replayable(secret)
	made, refused := t.createMany(int(most)+7, func() Reply { return t.op(secret, "createReplay", in{"match": source, "speed": 1}) })
	if made != most || refused != 7 {
		t.Errorf("%d replays were created and %d refused, want %d and 7", made, refused, most)
	}
	list := t.listed(secret, "listReplays", in{})
	for _, r := range list {
		t.mustOp(secret, "deleteReplay", in{"replay": r["id"]})
	}
	id, _ := t.replay(secret, in{"match": source, "speed": 1})
	t.mustOp(secret, "deleteReplay", in{"replay": id})
}

func replayTenant(t *T) {
	mine, theirs := t.replayKey(), t.allDataKey(t.tenant("replaying", t.largest().Name))
	source, _ := t.replayable(mine)
	id, match := t.replay(theirs, in{"match": source, "speed": 1})
	t.wantForeign(mine, "replay", id, "rpl_01k5z3m9v8e2q4w6r8t0y2u4i6", map[string]in{"getReplay": {}, "updateReplay": {"paused": true}, "deleteReplay": {}})
	t.sameAnswer(t.op(mine, "getMatch", in{"match": match}), t.op(mine, "getMatch", in{"match": "m_00000000000000000000"}))
	t.mustOp(theirs, "deleteReplay", in{"replay": id})
}

// awaitMatch reads a match until it is as wanted, which takes a time beside the usual patience.
func (t *T) awaitMatch(secret, id, what string, takes time.Duration, wanted func(m map[string]any) bool) map[string]any {
	var last map[string]any
	for end := time.Now().Add(t.patience + takes); time.Now().Before(end); t.until(time.Now().Add(pollPause)) {
		if last = t.item(t.mustOp(secret, "getMatch", in{"match": id})); wanted(last) {
			return last
		}
	}
	t.Fatalf("the match %s is not %s: %v", id, what, last)
	return nil
}

// wholeMatch is the longest time that a match takes at the highest speed.
const wholeMatch = 20 * time.Second

// pollPause is the pause between two reads of a match.
const pollPause = 300 * time.Millisecond

func replayPlay(t *T) {
	secret := t.replayKey()
	source, events := t.replayable(secret)
	original := t.item(t.mustOp(secret, "getMatch", in{"match": source}))
	id, match := t.replay(secret, in{"match": source, "speed": topSpeed})
	defer t.op(secret, "deleteReplay", in{"replay": id})
	t.awaitMatch(secret, match, "live", 0, func(m map[string]any) bool { return m["status"] == "live" || m["status"] == "finished" })
	end := t.awaitMatch(secret, match, "finished", wholeMatch, func(m map[string]any) bool { return m["status"] == "finished" })
	if got, want := string(encode(end["score"])), string(encode(original["score"])); got != want {
		t.Errorf("the replay ends %s, want %s", got, want)
	}
	kept := func(all []map[string]any) string {
		var lines []string
		for _, e := range all {
			lines = append(lines, fmt.Sprint(e["type"], e["team"], e["minute"], e["added_time"], e["player"]))
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	played := t.items(t.mustOp(secret, "listMatchEvents", in{"match": match}))
	if got, want := kept(played), kept(events); got != want {
		t.Errorf("the replay has the events %s, want %s", got, want)
	}
	for _, m := range t.items(t.mustOp(secret, "listMatches", in{"league": original["league"], "season": original["season"], "date": end["date"]})) {
		if m["id"] == match {
			t.Errorf("listMatches has the match of the replay")
		}
	}
	t.wantError(t.op(secret, "updateReplay", in{"replay": id, "position": 0}), api.ConflictStep)
	t.wantError(t.op(secret, "updateMatch", in{"match": match, "status": "abandoned"}), api.Conflict)
}

func replayPause(t *T) {
	secret := t.replayKey()
	source, events := t.replayable(secret)
	id, match := t.replay(secret, in{"match": source, "speed": 1})
	defer t.op(secret, "deleteReplay", in{"replay": id})
	count := func() int { return len(t.items(t.mustOp(secret, "listMatchEvents", in{"match": match}))) }
	late := t.mustOp(secret, "getReplay", in{"replay": id}).number("length") - 1
	t.mustOp(secret, "updateReplay", in{"replay": id, "paused": true, "position": late})
	t.awaitMatch(secret, match, "in its last minute", 0, func(map[string]any) bool { return count() == len(events) })
	t.mustOp(secret, "updateReplay", in{"replay": id, "position": 0})
	t.awaitMatch(secret, match, "at its kick-off again", 0, func(m map[string]any) bool {
		return m["status"] == "live" && m["minute"] == 1.0 && count() == 0
	})
	t.mustOp(secret, "updateReplay", in{"replay": id, "paused": false, "speed": topSpeed})
	t.awaitMatch(secret, match, "finished", wholeMatch, func(m map[string]any) bool { return m["status"] == "finished" && count() == len(events) })
}

func replaySent(t *T) {
	other := t.tenant("replay listeners", t.largest().Name)
	secret, theirs := t.replayKey(), t.allDataKey(other)
	source, _ := t.replayable(secret)
	mine, foreign := t.hook(secret, in{"types": []string{"match.updated", "match.event.created"}}), t.hook(theirs, nil)
	defer t.deleteHooks(secret, mine)
	defer t.deleteHooks(theirs, foreign)
	t.awaitFanout()
	id, match := t.replay(secret, in{"match": source, "speed": topSpeed})
	of := func(p attempt) bool { return within(p.event.Data, "match", "id") == match }
	t.awaitAttempt(mine.box, "an event of the replay", func(p attempt) bool { return of(p) && p.event.Type == "match.event.created" })
	t.awaitAttempt(mine.box, "the end of the replay", func(p attempt) bool {
		return of(p) && p.event.Type == "match.updated" && within(p.event.Data, "match", "status") == "finished"
	})
	t.mustOp(secret, "deleteReplay", in{"replay": id})
	for _, p := range t.sent(theirs, foreign) {
		if of(p) {
			t.Errorf("another organisation is sent %s of the replay", p.event.Type)
		}
	}
}
