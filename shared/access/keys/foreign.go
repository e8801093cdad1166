package keys

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/humantext"
)

// Foreign is a key of another system, as it is in an export. Empty fields were not in the
// export. Times are RFC 3339.
type Foreign struct {
	SHA256    string   // of the whole secret, prefix included: 64 hex digits
	Algorithm string   // of the hash; sha256, or empty
	Prefix    string   // prefix of the secret; it may be longer than the contract's prefix
	LastFour  string   // last characters of the secret
	Name      string   // empty: generated from LastFour
	Org       string   // id or name of the organisation
	Owner     string   // email address of the member who owns it
	Role      string   // of an owner who is not a member yet; empty: owner in a new organisation, else member
	Scopes    []string // empty: the contract's default
	Game      string   // the game that it is bound to, for scopes that are for one game
	Plan      string   // the organisation's; empty: keep the one it has
	State     string   // active, expired or revoked; empty: derived from ExpiresAt and RevokedAt
	CreatedAt string
	ExpiresAt string
	RevokedAt string
}

// Clean cleans the texts that people wrote, as package humantext does for imports. It
// returns a note for each text from which it removed characters.
func (f *Foreign) Clean() []string {
	var notes []string
	for _, t := range []struct {
		field string
		text  *string
	}{{"name", &f.Name}, {"org", &f.Org}, {"owner", &f.Owner}} {
		clean, changed := *t.text, false
		if clean != "" {
			clean, changed = humantext.Clean(clean)
		}
		if *t.text = clean; changed {
			notes = append(notes, fmt.Sprintf("%s: characters that are not allowed were removed; imported as %q", t.field, clean))
		}
	}
	return notes
}

// Refusal lists why a key of another system cannot be imported. Each reason is text for
// people and contains nothing of the secret.
type Refusal []string

func (r Refusal) Error() string { return strings.Join(r, "; ") }

// slowHashes are the prefixes of password hashes, which are salted and slow.
var slowHashes = []struct{ begins, name string }{
	{"$2a$", "bcrypt"}, {"$2b$", "bcrypt"}, {"$2x$", "bcrypt"}, {"$2y$", "bcrypt"}, {"bcrypt", "bcrypt"}, {"{bcrypt}", "bcrypt"},
	{"$argon2", "argon2"}, {"argon2", "argon2"}, {"{argon2", "argon2"}, {"$scrypt", "scrypt"}, {"$7$", "scrypt"}, {"scrypt", "scrypt"},
	{"{scrypt", "scrypt"}, {"$pbkdf2", "PBKDF2"}, {"pbkdf2", "PBKDF2"}, {"{pbkdf2", "PBKDF2"},
	{"$y$", "yescrypt"}, {"$5$", "crypt"}, {"$6$", "crypt"}, {"$1$", "crypt"},
}

func slow(text string) (string, bool) {
	text = strings.ToLower(text)
	for _, s := range slowHashes {
		if strings.HasPrefix(text, s.begins) {
			return s.name, true
		}
	}
	return "", false
}

// digest returns the hash in lower case, or a refusal.
func (f Foreign) digest() (string, Refusal) {
	for _, text := range []string{f.Algorithm, f.SHA256} {
		if name, is := slow(strings.TrimSpace(text)); is {
			return "", Refusal{"sha256: " + name + " is a salted hash, by which a secret cannot be looked up: create a new key for its holder"}
		}
	}
	switch strings.ToLower(f.Algorithm) {
	case "", "sha256", "sha-256":
	default:
		return "", Refusal{"algorithm: must be sha256, of the whole secret and without a salt"}
	}
	hash := strings.ToLower(strings.TrimSpace(f.SHA256))
	if raw, err := hex.DecodeString(hash); err != nil || len(raw) != 32 {
		return "", Refusal{"sha256: must be 64 hex digits"}
	}
	return hash, nil
}

// foreign turns a key of another system into a record, without ids and owner, and the hash
// of its secret. It checks only what needs no stored data.
func (ru rules) foreign(f Foreign, now time.Time) (newKey, Refusal) {
	if ru.contract.Secret.TagBytes > 0 {
		return newKey{}, Refusal{"sha256: secrets of contract " + ru.contract.Name + " end in a tag that only this deployment can compute, so secrets of other systems are refused: create a new key for its holder"}
	}
	hash, refused := f.digest()
	if refused != nil {
		return newKey{}, refused
	}
	wrong := problems{}
	k := record{Environment: ru.environment, Metadata: "{}", Imported: apikey.IDOf(hash), Rev: 1}
	k.Secrets = map[string]int64{k.Imported: 0}
	ru.preview(f, &k, wrong)
	if f.Name == "" {
		f.Name = strings.TrimSpace("Imported " + f.LastFour)
	}
	name, err := orgs.Name(f.Name)
	wrong.take(err)
	k.Name = name
	if f.Role != "" { // also for an owner who is a member already, so that a typing error is reported
		wrong.take(orgs.KnownRole(f.Role))
	}
	k.Scopes = ru.scopes(f.Scopes, wrong)
	ru.bindGame(f, &k, wrong)
	ru.lifetime(f, &k, now, wrong)
	if _, known := ru.contract.Plan(f.Plan); !known && f.Plan != "" {
		wrong.add("plan", "must be one of %s", strings.Join(ru.contract.PlanNames(), ", "))
	}
	return newKey{key: k, sha256: hash, imported: now.Unix(), claimed: true}, wrong.refusal()
}

// refusal returns the problems as a Refusal, sorted by field.
func (p problems) refusal() Refusal {
	var r Refusal
	for field, texts := range p {
		for _, text := range texts {
			r = append(r, field+": "+text)
		}
	}
	slices.Sort(r)
	return r
}

// preview checks the parts of the secret that the export contains, and stores what the
// contract shows of a secret.
func (ru rules) preview(f Foreign, k *record, wrong problems) {
	s := ru.contract.Secret
	own := s.Prefixes[ru.environment]
	k.Prefix = own
	begins := strings.TrimPrefix(f.Prefix, own)
	switch {
	case f.Prefix == "": // then it is the contract's: secrets with another prefix would be refused
		begins = ""
	case apikey.Environment(s, f.Prefix) == "":
		wrong.add("prefix", "must begin like the secrets of contract %s, with %s", ru.contract.Name, own)
	case apikey.Environment(s, f.Prefix) != ru.environment:
		wrong.add("prefix", "belongs to environment %s, but this deployment's environment is %s", apikey.Environment(s, f.Prefix), ru.environment)
	case !apikey.Spelt(s, begins):
		wrong.add("prefix", "what follows %s must be %s", own, s.Alphabet)
	}
	switch {
	case len(f.LastFour) > 4:
		wrong.add("last_four", "must have at most 4 characters: more of a secret is never stored")
	case !apikey.Spelt(s, f.LastFour):
		wrong.add("last_four", "must be %s, as the secrets of contract %s", s.Alphabet, ru.contract.Name)
	case len(begins)+len(f.LastFour) > s.Accept[1]:
		wrong.add("prefix", "is longer than the contract's secrets")
	default:
		k.LastFour = f.LastFour[len(f.LastFour)-min(s.ShowLast, len(f.LastFour)):]
	}
}

// lifetime sets when the key was made, expires and was revoked. Expired and revoked keys
// are imported too, so that requests with them still get the matching error.
func (ru rules) lifetime(f Foreign, k *record, now time.Time, wrong problems) {
	k.CreatedAt = parseTime("created_at", f.CreatedAt, now, true, wrong)
	k.ExpiresAt = parseTime("expires_at", f.ExpiresAt, now, false, wrong)
	k.RevokedAt = parseTime("revoked_at", f.RevokedAt, now, true, wrong)
	if k.CreatedAt == 0 {
		k.CreatedAt = now.Unix()
	}
	switch f.State {
	case "":
	case Active, Expired:
		if k.RevokedAt != 0 {
			wrong.add("state", "is %s, but revoked_at is given", f.State)
		}
		if f.State == Expired && k.ExpiresAt > now.Unix() {
			wrong.add("state", "is expired, but expires_at is in the future")
		}
		if f.State == Expired && k.ExpiresAt == 0 {
			k.ExpiresAt = now.Unix()
		}
	case Revoked:
		if k.RevokedAt == 0 {
			k.RevokedAt = now.Unix()
		}
	default:
		wrong.add("state", "must be one of %s, %s, %s", Active, Expired, Revoked)
	}
	if k.RevokedAt == 0 {
		ru.checkLife(k.ExpiresAt, now, wrong)
	}
}

// checkLife checks that an active key does not outlive the contract's longest key life.
func (ru rules) checkLife(end int64, now time.Time, wrong problems) {
	most := time.Duration(ru.contract.Keys.MaxLife) * time.Second
	switch {
	case end == 0 && ru.contract.Keys.ExpiryRequired:
		wrong.add("expires_at", "is required: keys of this API must expire")
	case most > 0 && end > api.WholeSecond(now.Add(most)):
		wrong.add("expires_at", "must be at most %s from now", days(most))
	}
}

// parseTime reads an RFC 3339 time as seconds since 1970, 0 for "". With past, later times
// than now are refused.
func parseTime(field, text string, now time.Time, past bool, wrong problems) int64 {
	if text == "" {
		return 0
	}
	at, err := api.ParseTime(text)
	switch {
	case err != nil:
		wrong.add(field, "must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z")
		return 0
	case past && at.After(now):
		wrong.add(field, "must not be in the future")
	case at.UTC().Year() < 1971 || !api.Writable(at):
		wrong.add(field, "year must be 1971–9999")
	}
	return api.WholeSecond(at)
}

// checkImport refuses a key that its organisation's plan or its owner's role does not allow. With
// overCap, the plan's cap does not apply.
func (ru rules) checkImport(h holdings, owner orgs.Member, f Foreign, k record, overCap bool, now time.Time) Refusal {
	var r Refusal
	if f.Plan != "" && f.Plan != h.Org.Plan {
		r = append(r, "plan: the organisation is on "+h.Org.Plan+": change its plan first, or omit the plan")
	}
	if k.state(now) != Active {
		return r
	}
	unlimited := &api.Caller{Role: api.RoleOperator, Permissions: []string{"*:*"}}
	if err := grants(ru.contract.Scopes, unlimited, owner.Effective(h.Org), k.Scopes); err != nil {
		r = append(r, "scopes: "+err.Message)
	}
	if err := ru.checkCap(h.Org, h.keys, k, now); err != nil && !overCap {
		r = append(r, api.ErrorOf(err).Message+"; use --over-cap to import it nevertheless")
	}
	return r
}
