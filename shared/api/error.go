package api

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Error is the error of a request. Condition is dotted and falls back to its prefix
// ("input.limit", "input"). The contract maps it to a status, a code and optionally a
// message. The cause is for the log, never for the caller.
type Error struct {
	Condition  string
	Message    string              // for the caller; never a secret
	Fields     map[string][]string // problems by field
	Form       []string            // problems of the input as a whole
	Details    any                 // replaces Fields and Form in the response
	RetryAfter time.Duration       // for quota and unavailable
	Allow      string              // for method
	Own        bool                // a person reads the message: the contract's does not replace it
	Cause      error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Condition, e.Message, e.Cause)
	}
	return e.Condition + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// The conditions of errors. docs/errors.md lists their status and code in each contract.
const (
	SecretMissing     = "secret.missing"
	SecretMalformed   = "secret.malformed"
	SecretUnknown     = "secret.unknown"
	SecretExpired     = "secret.expired"
	SecretRevoked     = "secret.revoked"
	SecretEnvironment = "secret.environment"
	SecretConflict    = "secret.conflict"     // two different keys in one request
	Permission        = "permission"          // a scope is missing
	PermissionRole    = "permission.role"     // the owner's role does not allow it
	PermissionNeeds   = "permission.approval" // a scope requires a developer approval that is missing
	PermissionToken   = "permission.token"    // a token would make, change or end something that lasts
	PermissionExpiry  = "permission.expiry"   // the calling key ends before the key that it would rotate or widen
	PermissionTool    = "permission.tool"     // the key may reach the MCP server, but not call this tool
	PermissionGame    = "permission.game"     // the object belongs to another game than the key
	PermissionTeam    = "permission.team"     // the key's owner is not an active member of the team
	PermissionOrg     = "permission.org"      // the key's owner is not an active member of the organisation
	Suspended         = "standing.suspended"
	Quota             = "quota"
	QuotaKeys         = "quota.keys"       // the organisation made as many keys in an hour as it may
	QuotaManagement   = "quota.management" // the budget of key management
	InputJSON         = "input.json"
	InputParameter    = "input.parameter"
	InputLimit        = "input.limit"
	InputCursor       = "input.cursor"
	ExpiredCursor     = "input.cursor.expired" // changes after the cursor are no longer kept
	// Unreadable is a query parameter that is unknown, given more than once or malformed.
	Unreadable       = "input.parameter.unreadable"
	UnreadableLimit  = "input.limit.unreadable"
	UnreadableCursor = "input.cursor.unreadable"
	InputDate        = "input.date"
	InputFilter      = "input.filter" // a combination of filters that no index serves
	InputField       = "input.field"
	InputSize        = "input.size"
	InputMedia       = "input.media"
	NotFound         = "not_found"
	NotFoundRoute    = "not_found.route"
	NoStandings      = "not_found.standings"
	Method           = "method"
	Conflict         = "conflict"
	ConflictRepeat   = "conflict.repeat"   // an Idempotency-Key that was used
	ConflictRotation = "conflict.rotation" // a rotation inside an overlap
	ConflictCap      = "conflict.cap"      // the maximum of client or management keys is reached
	ConflictLimit    = "conflict.limit"    // the maximum number of objects is reached
	ConflictFinal    = "conflict.final"    // the key is revoked or expired
	ConflictVersion  = "conflict.version"  // If-Match does not match the current state
	ConflictStep     = "conflict.transition"
	Internal         = "internal"
	Unavailable      = "unavailable"
	NotFoundMatch    = "not_found.match" // a contest
	NotFoundTeam     = "not_found.team"  // a contest's team
	NotFoundOrg      = "not_found.org"   // an organisation that teams of contests play for
	ConflictState    = "conflict.state"  // the state of the object does not allow the operation
)

// Conditions lists all conditions, for the documents and their tests.
var Conditions = []string{
	SecretMissing, SecretMalformed, SecretUnknown, SecretExpired, SecretRevoked, SecretEnvironment, SecretConflict,
	Permission, PermissionRole, PermissionNeeds, PermissionToken, PermissionExpiry, PermissionTool, PermissionGame, PermissionTeam, PermissionOrg, Suspended, Quota, QuotaKeys, QuotaManagement,
	InputJSON, InputParameter, Unreadable, InputLimit, UnreadableLimit, InputCursor, ExpiredCursor, UnreadableCursor, InputDate, InputFilter, InputField, InputSize, InputMedia,
	NotFound, NotFoundRoute, NoStandings, NotFoundMatch, NotFoundTeam, NotFoundOrg, Method,
	Conflict, ConflictRepeat, ConflictRotation, ConflictCap, ConflictLimit, ConflictFinal, ConflictState, ConflictVersion, ConflictStep,
	Internal, Unavailable,
}

// Fail returns an error of the condition with a message for the caller.
func Fail(condition, format string, args ...any) *Error {
	return &Error{Condition: condition, Message: fmt.Sprintf(format, args...)}
}

// FieldError returns an [InputField] error for one field of the input.
func FieldError(field, format string, args ...any) *Error {
	return &Error{Condition: InputField, Message: "validation failed",
		Fields: map[string][]string{field: {fmt.Sprintf(format, args...)}}}
}

// FieldErrorOf returns an error of another condition than [InputField] for one field of the input.
func FieldErrorOf(condition, field, what string) *Error {
	return &Error{Condition: condition, Message: field + ": " + what, Fields: map[string][]string{field: {what}}}
}

// Named returns the error with the contract's names of fields. In the message of an
// [InputFilter] error it also replaces each word that is a parameter.
func (e *Error) Named(names map[string]string) *Error {
	if len(names) == 0 {
		return e
	}
	named := *e
	if e.Condition == InputFilter {
		named.Message = worded(e.Message, names)
	}
	if len(e.Fields) == 0 {
		return &named
	}
	named.Fields = make(map[string][]string, len(e.Fields))
	for at, texts := range e.Fields {
		field, rest := at, ""
		if end := strings.IndexAny(at, ".["); end >= 0 {
			field, rest = at[:end], at[end:]
		}
		place := theirs(names, field) + rest
		named.Fields[place] = texts
		if rest, begins := strings.CutPrefix(e.Message, at+": "); begins {
			named.Message = place + ": " + rest
		}
	}
	return &named
}

// worded returns a text in which each word that is one of our names is replaced.
func worded(text string, names map[string]string) string {
	var b strings.Builder
	for begin := 0; begin < len(text); {
		end := begin
		for end < len(text) && (text[end] >= 'a' && text[end] <= 'z' || text[end] == '_') {
			end++
		}
		if end == begin {
			b.WriteByte(text[begin])
			begin++
			continue
		}
		b.WriteString(theirs(names, text[begin:end]))
		begin = end
	}
	return b.String()
}

func theirs(names map[string]string, ours string) string {
	if name, renamed := names[ours]; renamed {
		return name
	}
	return ours
}

// UnavailableError returns the error for a store that did not respond, with a Retry-After of 1 s. The
// cause says what was being done.
func UnavailableError(doing string, cause error) *Error {
	return &Error{Condition: Unavailable, Message: "temporarily unavailable; retry the request",
		RetryAfter: time.Second, Cause: fmt.Errorf("%s: %w", doing, cause)}
}

// ErrorOf returns err as an [Error]. Any other error becomes [Internal], with its text in
// the cause.
func ErrorOf(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Condition: Internal, Message: "internal error", Cause: err}
}
