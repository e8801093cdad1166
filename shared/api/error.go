package api

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Error is what went wrong with a call. Condition is dotted and falls back to its
// prefix ("input.limit", "input"); the contract gives it a status, a code and,
// where it wants, a message. The cause is for the log, never for the caller.
type Error struct {
	Condition  string
	Message    string              // for the caller; never a secret
	Fields     map[string][]string // field → what is wrong with it, for input.field
	Form       []string            // what is wrong with the input as a whole
	Details    any                 // instead of Fields and Form
	RetryAfter time.Duration       // for quota and unavailable
	Allow      string              // for method
	Cause      error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Condition, e.Message, e.Cause)
	}
	return e.Condition + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// The conditions that code raises. docs/errors.md lists what each contract makes of them.
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
	PermissionNeeds   = "permission.approval" // the developer's approval is missing that a scope needs
	PermissionGame    = "permission.game"     // the thing is of another game than the key
	PermissionTeam    = "permission.team"     // the key's owner is no active member of the team
	PermissionOrg     = "permission.org"      // the key's owner is no active member of the organisation
	Suspended         = "standing.suspended"
	Quota             = "quota"
	InputJSON         = "input.json"
	InputParameter    = "input.parameter"
	InputLimit        = "input.limit"
	InputCursor       = "input.cursor"
	// Unreadable is a query parameter that says nothing at all: unknown, given twice,
	// or no number.
	Unreadable       = "input.parameter.unreadable"
	UnreadableLimit  = "input.limit.unreadable"
	UnreadableCursor = "input.cursor.unreadable"
	InputDate        = "input.date"
	InputFilter      = "input.filter" // a mix of filters that no index serves
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
	ConflictCap      = "conflict.cap"      // the plan's keys, or the management keys, are all in use
	ConflictLimit    = "conflict.limit"    // there are as many of them as there may be
	ConflictFinal    = "conflict.final"    // the key is revoked or expired
	ConflictVersion  = "conflict.version"  // If-Match names another state than the present one
	ConflictStep     = "conflict.transition"
	Internal         = "internal"
	Unavailable      = "unavailable"
	NotFoundMatch    = "not_found.match" // a contest
	NotFoundTeam     = "not_found.team"  // a contest's team
	NotFoundOrg      = "not_found.org"   // an organisation that contests' teams play for
	ConflictState    = "conflict.state"  // the thing is not in a state that allows it
)

// Conditions lists every condition that code raises, for the documents and their tests.
var Conditions = []string{
	SecretMissing, SecretMalformed, SecretUnknown, SecretExpired, SecretRevoked, SecretEnvironment, SecretConflict,
	Permission, PermissionRole, PermissionNeeds, PermissionGame, PermissionTeam, PermissionOrg, Suspended, Quota,
	InputJSON, InputParameter, Unreadable, InputLimit, UnreadableLimit, InputCursor, UnreadableCursor, InputDate, InputFilter, InputField, InputSize, InputMedia,
	NotFound, NotFoundRoute, NoStandings, NotFoundMatch, NotFoundTeam, NotFoundOrg, Method,
	Conflict, ConflictRepeat, ConflictRotation, ConflictCap, ConflictLimit, ConflictFinal, ConflictState, ConflictVersion, ConflictStep,
	Internal, Unavailable,
}

// Fail returns an error of the condition with a message for the caller.
func Fail(condition, format string, args ...any) *Error {
	return &Error{Condition: condition, Message: fmt.Sprintf(format, args...)}
}

// FieldError refuses one field of the input.
func FieldError(field, format string, args ...any) *Error {
	return &Error{Condition: InputField, Message: "validation failed",
		Fields: map[string][]string{field: {fmt.Sprintf(format, args...)}}}
}

// Wrong refuses one field of the input under another condition than [InputField].
func Wrong(condition, field, what string) *Error {
	return &Error{Condition: condition, Message: field + ": " + what, Fields: map[string][]string{field: {what}}}
}

// Named returns the error with the names that a contract gives to fields. The message
// of a refused mix of filters is about parameters, so there each word that is one is
// named too.
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

// worded is a text with its words by their other names.
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

// Down says that a store did not answer: the call may be repeated.
func Down(doing string, cause error) *Error {
	return &Error{Condition: Unavailable, Message: "temporarily unavailable; retry the request",
		RetryAfter: time.Second, Cause: fmt.Errorf("%s: %w", doing, cause)}
}

// AsError returns err as an [Error]; what is none becomes internal, its text for the log only.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Condition: Internal, Message: "internal error", Cause: err}
}
