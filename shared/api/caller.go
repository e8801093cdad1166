package api

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"statgate/shared/contract"
)

// Roles of a key's owner.
const (
	RoleOperator = "operator"
	RoleOwner    = "owner"
	RoleAdmin    = "admin"
	RoleMember   = "member"
)

// Standings of a key's owner. They can change while the key does not.
const (
	StandingActive    = "active"
	StandingSuspended = "suspended"
)

// Caller identifies the key and the owner behind a request, as read by the authorizer.
// API Gateway caches it in the authorizer's context together with the policy; the gate
// detects a stale one.
type Caller struct {
	Key         string // key id
	Secret      string // secret id, never the secret
	Org         string
	User        string // id of the key's owner
	Role        string
	Standing    string
	Plan        string
	Environment string
	Contract    string
	Game        string                     // game that the key is bound to, or ""
	Scopes      []string                   // as the contract spells them
	Permissions []string                   // effective patterns: the key's own ∩ the role's
	Limits      map[string]contract.Budget // empty for operators, who have no quota
	Version     int64                      // the gate's version when the caller was read
	NotAfter    time.Time                  // the earlier expiry of secret and key; zero if neither expires
	Token       bool                       // the secret is a token derived from the key's
	CreatedBy   string                     // id of the user who created the key; "" if it was created outside the API
	// Unclaimed secrets were obtained by another member than the key's owner. They reach
	// nothing personal: see [contract.IsPersonal].
	Unclaimed bool
	Session   *Session // nil for keys and tokens
}

// Session says how the console session of a caller began. Key of the caller is then the id of
// the session's gate, and Secret that of its access token.
type Session struct {
	ID     string    // session id
	Key    string    // id of the key that the session began with; "" if it did not begin with a key
	Secret string    // id of that key's secret; "" likewise
	Until  time.Time // when the rights end that the session began with; zero if they do not
}

// Lasting returns when the rights end that the caller acts with; zero if they do not. What it
// makes must not outlast them. The access token of a session is shorter than the session's
// rights, and is renewed.
func (c *Caller) Lasting() time.Time {
	if c.Session != nil {
		return c.Session.Until
	}
	return c.NotAfter
}

// Operator reports whether the caller is an operator of the deployment.
func (c *Caller) Operator() bool { return c.Role == RoleOperator }

// MayLast reports whether the caller may make, change and end what outlives its secret: keys,
// tokens, webhooks, signing secrets, organisations and members. Tokens may not, as they are
// given to others than the key. Any other kind of short-lived caller decides here too.
func (c *Caller) MayLast() bool { return !c.Token }

// Calls reports whether this kind of caller may call the route at all, with any
// permissions. No token is derived from a session, and operations of its own end it.
func (c *Caller) Calls(r Route) bool {
	return (c.MayLast() || !r.Lasts) && (c.Session == nil || !r.KeyOnly)
}

// May reports whether the caller has the permission.
func (c *Caller) May(permission string) bool { return contract.Allows(c.Permissions, permission) }

// Owners lists the owners whose data the caller may read.
func (c *Caller) Owners(hidePublic bool) []string {
	if hidePublic {
		return []string{c.Org}
	}
	return []string{"public", c.Org}
}

// Context returns the caller as the flat strings of an authorizer context.
func (c *Caller) Context() map[string]any {
	notAfter := ""
	if !c.NotAfter.IsZero() {
		notAfter = strconv.FormatInt(c.NotAfter.Unix(), 10)
	}
	flat := map[string]any{
		"key": c.Key, "secret": c.Secret, "org": c.Org, "user": c.User, "role": c.Role,
		"standing": c.Standing, "plan": c.Plan, "environment": c.Environment, "contract": c.Contract,
		"scopes": strings.Join(c.Scopes, " "), "permissions": strings.Join(c.Permissions, " "),
		"limits": limitsText(c.Limits), "version": strconv.FormatInt(c.Version, 10), "not_after": notAfter,
	}
	if c.Token {
		flat["token"] = "true"
	}
	if c.Unclaimed {
		flat["unclaimed"] = "true"
	}
	for name, value := range map[string]string{"game": c.Game, "created_by": c.CreatedBy, "session": c.Session.text()} {
		if value != "" {
			flat[name] = value
		}
	}
	return flat
}

// CallerFromContext parses the result of [Caller.Context]. It fails for any other
// context; such a request must be refused.
func CallerFromContext(ctx map[string]any) (*Caller, error) {
	text := func(name string) string { s, _ := ctx[name].(string); return s }
	c := &Caller{
		Key: text("key"), Secret: text("secret"), Org: text("org"), User: text("user"), Role: text("role"),
		Standing: text("standing"), Plan: text("plan"), Environment: text("environment"), Contract: text("contract"), Game: text("game"),
		Scopes: strings.Fields(text("scopes")), Permissions: strings.Fields(text("permissions")),
		Token: text("token") != "", CreatedBy: text("created_by"), Unclaimed: text("unclaimed") != "",
	}
	if c.Key == "" || c.Secret == "" || c.Org == "" || c.Role == "" {
		return nil, fmt.Errorf("api: authorizer context lacks key, secret, org or role")
	}
	var err error
	if c.Version, err = strconv.ParseInt(text("version"), 10, 64); err != nil {
		return nil, fmt.Errorf("api: authorizer context has version %q", text("version"))
	}
	if at := text("not_after"); at != "" {
		seconds, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("api: authorizer context has not_after %q", at)
		}
		c.NotAfter = time.Unix(seconds, 0).UTC()
	}
	if c.Limits, err = parseLimits(text("limits")); err != nil {
		return nil, err
	}
	c.Session, err = parseSession(text("session"))
	return c, err
}

// text returns the session as one string: id, end, and the key and the secret that it began
// with, if it did, separated by spaces. Without a session it is "".
func (s *Session) text() string {
	if s == nil {
		return ""
	}
	until := int64(0)
	if !s.Until.IsZero() {
		until = s.Until.Unix()
	}
	return strings.TrimRight(fmt.Sprintf("%s %d %s %s", s.ID, until, s.Key, s.Secret), " ")
}

func parseSession(text string) (*Session, error) {
	parts := strings.Fields(text)
	if len(parts) == 0 {
		return nil, nil
	}
	if len(parts) == 2 || len(parts) == 4 {
		s := &Session{ID: parts[0]}
		if until, err := strconv.ParseInt(parts[1], 10, 64); err == nil {
			if until != 0 {
				s.Until = time.Unix(until, 0).UTC()
			}
			if len(parts) == 4 {
				s.Key, s.Secret = parts[2], parts[3]
			}
			return s, nil
		}
	}
	return nil, fmt.Errorf("api: authorizer context has session %q", text)
}

func limitsText(limits map[string]contract.Budget) string {
	parts := make([]string, 0, len(limits))
	for name, b := range limits {
		parts = append(parts, fmt.Sprintf("%s=%d/%d", name, b.Limit, b.Window))
	}
	sort.Strings(parts)
	return strings.Join(parts, " ")
}

func parseLimits(text string) (map[string]contract.Budget, error) {
	limits := map[string]contract.Budget{}
	for _, part := range strings.Fields(text) {
		var b contract.Budget
		name, rest, ok := strings.Cut(part, "=")
		if _, err := fmt.Sscanf(rest, "%d/%d", &b.Limit, &b.Window); !ok || err != nil {
			return nil, fmt.Errorf("api: authorizer context has limits %q", text)
		}
		limits[name] = b
	}
	return limits, nil
}
