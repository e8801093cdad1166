package openapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const exampleKey = "key_01k5z3m9v8e2q4w6r8t0y2u4i6"

// canned has example values for properties whose tags have none: JSON, by schema and
// property, or by property alone.
var canned = map[string]string{
	"Match.status": `"finished"`, "Match.matchday": `1`, "Match.version": `3`,
	"Match.kickoff_at": `"2015-08-08T14:00:00Z"`, "Match.round": `"Matchday 1"`, "Match.updated_at": `"2015-08-08T15:52:10Z"`,
	"Match.home": `{"id":"leicester-city-fc","name":"Leicester City FC"}`, "Match.away": `{"id":"sunderland-afc","name":"Sunderland AFC"}`,
	"Match.score": `{"half_time":{"home":3,"away":0},"full_time":{"home":4,"away":2},"extra_time":null,"penalties":null,"winner":"home"}`,

	"CreateMatchInput.home": `{"name":"Dock Street"}`, "CreateMatchInput.away": `{"name":"Harbour Works XI"}`,
	"CreateMatchInput.round": `"Friendly"`, "UpdateMatchInput.status": `"finished"`,
	"UpdateMatchInput.score": `{"half_time":{"home":1,"away":0},"full_time":{"home":2,"away":1}}`,

	"CreateApplicationInput.kind": `"game"`, "MoveContestInput.status": `"IN_PROGRESS"`,

	"HeadToHead.home":         `{"id":"leicester-city-fc","name":"Leicester City FC"}`,
	"HeadToHead.away":         `{"id":"sunderland-afc","name":"Sunderland AFC"}`,
	"HeadToHead.totals":       `{"played":1,"home_wins":1,"draws":0,"away_wins":0,"home_goals":4,"away_goals":2}`,
	"Team.names":              `["Leicester City","Leicester City FC"]`,
	"Season.start":            `"2015-08-08"`,
	"Season.end":              `"2016-05-17"`,
	"Season.current_matchday": `38`,
	"StandingsRow.position":   `1`, "StandingsRow.played": `38`, "StandingsRow.won": `23`, "StandingsRow.drawn": `12`,
	"StandingsRow.lost": `3`, "StandingsRow.goals_for": `68`, "StandingsRow.goals_against": `36`, "StandingsRow.goal_difference": `32`,
	"StandingsRow.points": `81`, "StandingsRow.points_per_game": `2.132`, "StandingsRow.deduction": `0`,

	"AuditEntry.id": `"01k5z3m9v8e2q4w6r8t0y2u4i6"`, "AuditEntry.before": `{"name":"Dashboard"}`, "AuditEntry.after": `{"name":"Matchday dashboard"}`,
	"AuditEntry.action": `"key.update"`, "AuditEntry.target": `"` + exampleKey + `"`, "AuditEntry.method": `"key"`,
	"AuditEntryList.total": `null`, "KeyList.total": `null`, "MemberList.total": `null`, "OrganisationList.total": `null`,
	"Organisation.name": `"Northern Broadcasting"`, "CreatedOrg.name": `"Northern Broadcasting"`, "UpdateOrgInput.name": `"Northern Broadcasting"`,
	"Self.permissions": `["leagues:read","matches:read"]`, "Self.operations": `["listLeagues","listMatches"]`, "Self.role": `"member"`,
	"UsageReport.from": `"2026-02-28T12:00:00Z"`, "UsageReport.total": `42`, "UsageCount.count": `42`, "UsageCount.hour": `"2026-03-01T11:00:00Z"`,
	"RotatedKey.previous_expires_at": `"2026-03-02T12:00:00Z"`, "RemovedMember.success": `true`, "DeletedMatch.success": `true`,
	"UpdateMemberInput.state": `"suspended"`, "EditedMember.state": `"suspended"`, "AddMemberInput.role": `"member"`,
	"QuotaWindow.limit": `1000`, "QuotaWindow.used": `2`, "QuotaWindow.remaining": `998`, "QuotaWindow.resets_at": `"2026-03-01T13:00:00Z"`,
	"KeyUsage.total": `4210`,

	".name": `"Matchday dashboard"`, ".email": `"ada@club.example"`, ".user": `"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`,
	".created_by": `"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`, ".org": `"org_01k5z3m9v8e2q4w6r8t0y2u4i6"`, ".key": `"` + exampleKey + `"`,
	".request_id": `"` + exampleRequest + `"`, ".last_four": `"x4Qe"`, ".metadata": `{"app":"dashboard"}`,
	".last_used_at": `"2026-03-01T11:58:20Z"`, ".total": `1`, ".match": `"m_3vtsl7lq2ehtu"`,
}

// unshown lists the properties that an example omits, because other properties exclude
// them or few callers send them.
var unshown = map[string][]string{
	"CreateKeyInput":    {"expires_at", "environment", "org", "user", "game"},
	"CreateReplayInput": {"start_at"},
	"CreateMatchInput":  {"league", "season", "stage", "date", "minute", "score"},
	"UpdateMatchInput":  {"minute", "date", "kickoff_at"},
	"UpdateKeyInput":    {"expires_in", "expires_at", "metadata"},
	"RotateKeyInput":    {"force"},
	"UpdateOrgInput":    {"plan"},
	"UpdateMemberInput": {"email", "role"},
	"AgreeContestInput": {"confirm"},

	"ListUserContestsInput": {"cursor"},
	"ListTeamContestsInput": {"cursor"},
	"ListOrgContestsInput":  {"cursor"},
}

// shows reports whether an example of the schema has the property. It has not if the
// property is in unshown or the contract accepts no value of it.
func (b *builder) shows(schema, property string) bool {
	if schema == "RotateKeyInput" && property == "overlap" && b.contract.Keys.MaxOverlap == 0 {
		return false
	}
	return !slices.Contains(unshown[schema], property)
}

// canned returns the example of "Schema.property". An example for the property alone,
// or one that depends on the contract, is used only if the property has none of its own.
func (b *builder) canned(at string, p *huma.Schema) (json.RawMessage, bool) {
	if text, ok := canned[at]; ok && (text != "null" || p == nil || p.Nullable) {
		return json.RawMessage(text), true
	}
	_, property, _ := strings.Cut(at, ".")
	if p != nil && (len(p.Examples) > 0 || p.Ref != "") {
		return nil, false
	}
	if text, ok := canned["."+property]; ok {
		return json.RawMessage(text), true
	}
	own := map[string]any{
		"scopes": b.exampleScopes(), "prefix": examplePrefix(b.contract), "plan": b.contract.DefaultPlan,
		"environment": b.contract.Environments[0], "secret": b.exampleSecret(),
	}
	if v, ok := own[property]; ok {
		return encoded(v), true
	}
	return nil, false
}

func (b *builder) exampleScopes() []string {
	for _, name := range b.contract.Scopes.Names() {
		grants, err := b.contract.Scopes.Permissions([]string{name})
		if !b.contract.Scopes.IsManagementScope(name) && err == nil && len(grants) > 0 {
			return []string{name}
		}
	}
	return []string{}
}

// exampleSecret returns a text with the form of a secret that can never be one.
func (b *builder) exampleSecret() string {
	return examplePrefix(b.contract) + strings.Repeat("X", b.contract.Secret.Accept[1])
}

// encoded returns the JSON of a plain value, which always encodes.
func encoded(v any) json.RawMessage {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(out.Bytes())
}

// example returns an example of a schema, with properties in the schema's order. A
// property's own example comes first. A nullable property without one is null.
func (b *builder) example(s *huma.Schema, at string) json.RawMessage {
	switch {
	case s.Ref != "":
		return b.example(b.registry.SchemaFromRef(s.Ref), s.Ref[len(prefix):])
	case len(s.Examples) > 0:
		return encoded(s.Examples[0])
	case len(s.AnyOf) > 0:
		return b.example(s.AnyOf[0], at)
	case s.Type == huma.TypeObject:
		return b.exampleObject(s, at)
	case s.Nullable:
		return json.RawMessage("null")
	case s.Default != nil:
		return encoded(s.Default)
	case len(s.Enum) > 0:
		return encoded(s.Enum[0])
	case s.Type == huma.TypeArray:
		return json.RawMessage("[" + string(b.example(s.Items, at)) + "]")
	}
	return exampleScalar(s)
}

func exampleScalar(s *huma.Schema) json.RawMessage {
	switch s.Type {
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return encoded(*s.Minimum)
		}
		return json.RawMessage("0")
	case huma.TypeBoolean:
		return json.RawMessage("false")
	case huma.TypeString:
		switch s.Format {
		case "date-time":
			return encoded("2026-03-01T12:00:00Z")
		case "date":
			return encoded("2016-05-02")
		}
		return encoded("text")
	}
	return json.RawMessage("null")
}

func (b *builder) exampleObject(s *huma.Schema, at string) json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	for _, name := range propertyOrder(s) {
		if !b.shows(at, name) {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(encoded(name))
		out.WriteByte(':')
		if v, ok := b.canned(at+"."+name, s.Properties[name]); ok {
			out.Write(v)
		} else {
			out.Write(b.example(s.Properties[name], at+"."+name))
		}
	}
	out.WriteByte('}')
	return out.Bytes()
}

// propertyOrder returns x-order, or else the required properties in their order, then the
// others by name.
func propertyOrder(s *huma.Schema) []string {
	if order, ok := s.Extensions["x-order"].([]string); ok {
		return order
	}
	seen := map[string]bool{}
	names := append([]string{}, s.Required...)
	for _, name := range names {
		seen[name] = true
	}
	var rest []string
	for name := range s.Properties {
		if !seen[name] {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	return append(names, rest...)
}
