package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// ImportOptions configure an import.
type ImportOptions struct {
	// Organisations returns a page of all organisations; next is "" at the end.
	Organisations func(ctx context.Context, after string) (found []orgs.Org, next string, err error)
	CreateOrgs    bool // make missing organisations and members
	OverCap       bool // ignore the caps of plans
	DryRun        bool // check only, write nothing
	Now           func() time.Time
}

// Import imports keys of another system, one after the other. It is for commands that have
// the store's credentials, and not safe for concurrent use.
//
// One transaction writes a key with its audit entry and, if they are missing, its
// organisation and its owner. So an import may stop anywhere and be run again. A key is
// imported at most once, even if it was deleted or replaced since: a marker beside the
// secret's item outlives it.
//
// Organisations are cached once they were read. A transaction is conditional on their being
// unchanged, so other changes may be made at the same time.
type Import struct {
	store     *Store
	o         ImportOptions
	named     map[string][]string // ids of organisations by name
	knownOrgs map[string]holdings // organisations by id, as read or as they will be
	lines     map[string]int      // secret id → the line that named it first
}

// Results of a row.
const (
	Imported = "imported"
	Present  = "present" // it was imported before; nothing was changed
)

// NewImport reads the names of all organisations.
func (s *Store) NewImport(ctx context.Context, o ImportOptions) (*Import, error) {
	i := &Import{store: s, o: o, named: map[string][]string{}, knownOrgs: map[string]holdings{}, lines: map[string]int{}}
	for after := ""; ; {
		found, next, err := o.Organisations(ctx, after)
		if err != nil {
			return nil, fmt.Errorf("keys: listing organisations: %w", err)
		}
		for _, org := range found {
			i.named[org.Name] = append(i.named[org.Name], org.ID)
		}
		if after = next; after == "" {
			return i, nil
		}
	}
}

const importSort = "IMPORTED" // of the marker beside the item of an imported secret

func importAddress(secret string) table.Key {
	return table.Key{Partition: secretAddress(secret).Partition, Sort: importSort}
}

// importedOrgAddress is the item that maps a name to the organisation that an import made for it,
// so that two concurrent imports make one.
func importedOrgAddress(name string) table.Key {
	return table.Key{Partition: table.Join("IMPORT", "ORG"), Sort: name}
}

// Row imports one key and returns [Imported] or [Present]. A [Refusal] says why the key
// cannot be imported; any other error ends the import, which may be run again.
func (i *Import) Row(ctx context.Context, line int, f Foreign) (string, error) {
	now := i.o.Now()
	n, refused := i.store.rules.foreign(f, now)
	if refused != nil {
		return "", refused
	}
	if first, twice := i.lines[n.key.Imported]; twice {
		return "", Refusal{fmt.Sprintf("sha256: same secret as in line %d", first)}
	}
	i.lines[n.key.Imported] = line
	var err error
	if n.key.ID, err = i.store.changes.IDs.New("key_", now); err != nil {
		return "", err
	}
	b := &incoming{Import: i, foreign: f, newKey: n, now: now}
	var in importResult
	if i.o.DryRun {
		var known importFacts
		if known, err = b.read(ctx, 1); err == nil {
			in, _, err = b.decide(known)
		}
	} else {
		in, err = change.Make(ctx, i.store.changes, change.Call{By: audit.By{Method: audit.MethodCommand, At: now}}, b.read, b.decide)
	}
	if err != nil {
		return "", err
	}
	if in.before {
		return Present, nil
	}
	if in.key.ID != "" {
		b.cacheOrg(in)
	}
	return Imported, nil
}

// incoming is a key that is being imported.
type incoming struct {
	*Import
	foreign Foreign
	newKey  newKey
	now     time.Time
}

// importFacts are the facts that decide an import.
type importFacts struct {
	imported string // id of the key that the secret was imported with, "" if it was not
	exists   bool   // whether the organisation exists
	holdings holdings
}

// importResult is an imported key and its organisation with it.
type importResult struct {
	before bool     // by an earlier import
	key    record   // zero if an earlier attempt of this call, whose answer was lost, imported it
	holder holdings // without the key
}

// read looks up the secret and, if it is not stored yet, the key's organisation.
func (b *incoming) read(ctx context.Context, attempt int) (importFacts, error) {
	if attempt > 1 { // the facts have changed, or the store did not answer
		clear(b.knownOrgs)
	}
	var known importFacts
	var err error
	if known.imported, err = b.present(ctx); known.imported != "" || err != nil {
		return known, err
	}
	known.holdings, known.exists, err = b.find(ctx)
	return known, err
}

// decide checks the key against the facts and returns the plan that imports it.
func (b *incoming) decide(known importFacts) (importResult, change.Plan, error) {
	switch known.imported {
	case "":
	case b.newKey.key.ID:
		return importResult{}, change.Plan{}, nil // by an earlier attempt, whose answer was lost
	default:
		return importResult{before: true}, change.Plan{}, nil
	}
	assign := b.createOrg
	if known.exists {
		assign = func() (importResult, change.Plan, error) { return b.joinOrg(known.holdings) }
	}
	in, plan, err := assign()
	if err != nil {
		return in, plan, err
	}
	n := b.newKey
	n.key = in.key
	creationPlan, err := b.store.creationPlan("key.import", n)
	at := importAddress(n.key.Imported)
	marker := table.Put(table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
		"key": n.key.ID, "org": n.key.Org, "at": b.now.Unix()}, table.IsNew())
	return in, plan.And(creationPlan).And(change.Plan{Writes: []table.Write{marker}}), err
}

// present returns the id of the key that the secret was imported with, "" if the secret is
// not stored. It refuses a secret that this deployment made.
func (b *incoming) present(ctx context.Context) (string, error) {
	id := b.newKey.key.Imported
	items, err := b.store.table.BatchGet(ctx, []table.Key{importAddress(id), secretAddress(id)}, true)
	if err != nil {
		return "", api.UnavailableError("looking for a secret", err)
	}
	for _, it := range items {
		// The secret's own item says so, too: a batch may read it and miss the marker while
		// another import commits both.
		if it.Str(table.SortAttr) == importSort || it.Int("imported") != 0 {
			return it.Str("key"), nil
		}
	}
	if len(items) > 0 {
		return "", Refusal{"sha256: the secret was created by this deployment, for key " + items[0].Str("key")}
	}
	return "", nil
}

// joinOrg finds or adds the key's owner in an organisation that exists, and checks that they
// may have the key.
func (b *incoming) joinOrg(h holdings) (importResult, change.Plan, error) {
	owner, is := h.ByEmail(b.foreign.Owner)
	count := h.countWrite(b.newKey.key, true)
	var plan change.Plan
	if !is {
		var err error
		if owner, plan, err = b.addOwner(h); err != nil {
			return importResult{}, plan, err
		}
		count.Actions = append(count.Actions, h.MembersMoved(1)...)
		h.Members = append(slices.Clone(h.Members), owner)
		h.Org.MembersVersion++
		h.Org.MemberCount = int64(len(h.Members))
	}
	k := b.newKey.key
	k.Org, k.Owner = h.Org.ID, owner.User
	if refused := b.store.rules.checkImport(h, owner, b.foreign, k, b.o.OverCap, b.now); refused != nil {
		return importResult{}, plan, refused
	}
	return importResult{key: k, holder: h}, plan.And(change.Plan{Writes: []table.Write{count}}), nil
}

// find returns the organisation that the row names by id or by name.
func (b *incoming) find(ctx context.Context) (holdings, bool, error) {
	name := b.foreign.Org
	if name == "" {
		return holdings{}, false, Refusal{"org: is required; give the organisation's id or name"}
	}
	if ids.Valid(name) {
		if h, found, err := b.readOrg(ctx, name); found || err != nil {
			return h, found, err
		}
	}
	if len(b.named[name]) == 0 {
		it, err := b.store.table.Get(ctx, importedOrgAddress(name), true)
		if err != nil {
			return holdings{}, false, api.UnavailableError("looking for an organisation", err)
		}
		if it != nil {
			b.named[name] = []string{it.Str("org")}
		}
	}
	switch known := b.named[name]; {
	case len(known) > 1:
		return holdings{}, false, Refusal{"org: several organisations have this name: give the id"}
	case len(known) == 1:
		return b.readOrg(ctx, known[0])
	case !b.o.CreateOrgs:
		return holdings{}, false, Refusal{"org: no such organisation; use --create-orgs to create it"}
	}
	return holdings{}, false, nil
}

func (b *incoming) readOrg(ctx context.Context, org string) (holdings, bool, error) {
	if h, known := b.knownOrgs[org]; known {
		return h, true, nil
	}
	h, found, err := b.store.holdings(ctx, org)
	if found && err == nil {
		b.knownOrgs[org] = h
	}
	return h, found, err
}

// addOwner adds the key's owner to the organisation.
func (b *incoming) addOwner(h holdings) (orgs.Member, change.Plan, error) {
	if _, err := orgs.Address("owner", b.foreign.Owner); err != nil || !b.o.CreateOrgs {
		if err != nil {
			return orgs.Member{}, change.Plan{}, Refusal{"owner: " + api.ErrorOf(err).Fields["owner"][0]}
		}
		return orgs.Member{}, change.Plan{}, Refusal{"owner: no such member of the organisation; use --create-orgs to add them"}
	}
	role := b.foreign.Role
	if role == "" {
		role = api.RoleMember
	}
	owner, plan, err := h.Join(b.store.changes.IDs, b.now, b.foreign.Owner, role)
	return owner, plan, refusal(err)
}

// createOrg makes the organisation, with the key's owner as its first member.
func (b *incoming) createOrg() (importResult, change.Plan, error) {
	f := b.foreign
	if f.Role != "" && f.Role != api.RoleOwner {
		return importResult{}, change.Plan{}, Refusal{"role: must be owner for the first member of a new organisation"}
	}
	o, owner, plan, err := orgs.NewOrg(b.store.changes.IDs, b.store.rules.contract, b.now, orgs.Spec{Name: f.Org, Plan: f.Plan, Owner: f.Owner})
	if err != nil {
		return importResult{}, plan, refusal(err)
	}
	k := b.newKey.key
	k.Org, k.Owner = o.ID, owner.User
	o.KeysVersion, o.KeysLast, o.KeysLastRev = 1, k.ID, k.Rev
	for _, w := range plan.Writes { // a transaction writes each item once, so the new organisation counts its first key already
		if w.Target() == orgs.Key(o.ID) {
			w.Item["keys_version"], w.Item["keys_last"], w.Item["keys_last_rev"] = o.KeysVersion, o.KeysLast, o.KeysLastRev
		}
	}
	at := importedOrgAddress(f.Org)
	pointer := table.Put(table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "org": o.ID}, table.IsNew())
	h := holdings{View: orgs.View{Org: o, Members: []orgs.Member{owner}}}
	if refused := b.store.rules.checkImport(h, owner, f, k, b.o.OverCap, b.now); refused != nil {
		return importResult{}, plan, refused
	}
	h.Org.KeysVersion-- // cacheOrg counts the key again
	return importResult{key: k, holder: h}, plan.And(change.Plan{Writes: []table.Write{pointer}}), nil
}

// refusal turns an error about the input into a Refusal and returns other errors as they
// are.
func refusal(err error) error {
	e := api.ErrorOf(err)
	if err == nil || e.Condition != api.InputField && e.Condition != api.Conflict && e.Condition != api.ConflictLimit {
		return err
	}
	if len(e.Fields) == 0 {
		return Refusal{e.Message}
	}
	return problems(e.Fields).refusal()
}

// cacheOrg caches the organisation as it is with the key.
func (b *incoming) cacheOrg(in importResult) {
	h, k := in.holder, in.key
	h.keys = append(slices.Clip(h.keys), k)
	h.Org.KeysVersion++
	h.Org.KeysLast, h.Org.KeysLastRev = k.ID, k.Rev
	b.knownOrgs[h.Org.ID] = h
	if b.foreign.Org != h.Org.ID {
		b.named[b.foreign.Org] = []string{h.Org.ID}
	}
}
