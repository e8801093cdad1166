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

// ImportOptions say what an import may do.
type ImportOptions struct {
	// Organisations pages through all organisations; next is "" at the end.
	Organisations func(ctx context.Context, after string) (found []orgs.Org, next string, err error)
	CreateOrgs    bool // make the organisations and members that are missing
	OverCap       bool // pass over the caps of plans
	DryRun        bool // judge only
	Now           func() time.Time
}

// Import brings keys of another system in, one after the other. It is for
// whoever holds the store's credentials, and for one goroutine.
//
// A key comes in by one transaction, with its organisation and its owner where
// those are made for it, and its audit entry, so that an import may die anywhere
// and be run again. What came in once is never brought in again, whatever has
// become of it since: a marker beside the secret's item outlives that.
//
// Organisations are kept in memory once they were read. A transaction holds only
// while they are as they were seen, so that other changes may be made meanwhile.
type Import struct {
	store  *Store
	o      ImportOptions
	named  map[string][]string // ids of organisations by name
	houses map[string]holdings // organisations by id, as they were read or would be
	lines  map[string]int      // secret id → the line that told it first
}

// What became of a row.
const (
	Imported = "imported"
	Present  = "present" // it came in before; nothing was changed
)

// NewImport reads the names of all organisations.
func (s *Store) NewImport(ctx context.Context, o ImportOptions) (*Import, error) {
	i := &Import{store: s, o: o, named: map[string][]string{}, houses: map[string]holdings{}, lines: map[string]int{}}
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

const importSort = "IMPORTED" // of the marker beside the item of a secret that came in

func importAddress(secret string) table.Key {
	return table.Key{Partition: secretAddress(secret).Partition, Sort: importSort}
}

// houseAddress is where the organisation is found that an import made by a name,
// so that two imports at once make one.
func houseAddress(name string) table.Key {
	return table.Key{Partition: table.Join("IMPORT", "ORG"), Sort: name}
}

// Row brings one key in and tells what became of it. A [Refusal] says why it
// cannot come in; any other error ends the import, which may be run again.
func (i *Import) Row(ctx context.Context, line int, f Foreign) (string, error) {
	now := i.o.Now()
	n, refused := i.store.rules.foreign(f, now)
	if refused != nil {
		return "", refused
	}
	if first, twice := i.lines[n.key.Imported]; twice {
		return "", Refusal{fmt.Sprintf("sha256: the secret is that of line %d", first)}
	}
	i.lines[n.key.Imported] = line
	var err error
	if n.key.ID, err = i.store.ids.New("key_", now); err != nil {
		return "", err
	}
	b := &birth{Import: i, foreign: f, newborn: n, by: audit.By{Method: audit.MethodCommand, At: now}}
	if i.o.DryRun {
		_, err = b.decide(ctx)
	} else {
		err = i.store.apply(ctx, b.decide)
	}
	if err != nil {
		return "", err
	}
	if !b.there {
		b.settle()
	}
	if b.there && !b.mine {
		return Present, nil
	}
	return Imported, nil
}

// birth is a key on its way in.
type birth struct {
	*Import
	foreign     Foreign
	newborn     newborn
	by          audit.By
	tries       int
	there, mine bool     // it is in; by an earlier attempt of this one, whose answer was lost
	house       holdings // with the owner, once judged
}

// decide judges the key by what stands and returns the writes that bring it in.
func (b *birth) decide(ctx context.Context) (change.Plan, error) {
	if b.tries++; b.tries > 1 { // somebody else was there, or the store did not answer
		clear(b.houses)
	}
	var err error
	if b.there, err = b.present(ctx); b.there || err != nil {
		return change.Plan{}, err
	}
	house, ws, err := b.place(ctx)
	if err != nil {
		return change.Plan{}, err
	}
	if b.house = house; b.o.DryRun {
		return change.Plan{}, nil
	}
	if err := b.store.ready(ctx, b.newborn); err != nil {
		return change.Plan{}, err
	}
	births, err := b.store.births(b.by, "key.import", b.newborn)
	at := importAddress(b.newborn.key.Imported)
	marker := table.Put(table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
		"key": b.newborn.key.ID, "org": b.newborn.key.Org, "at": b.by.At.Unix()}, table.IsNew())
	return change.Plan{Writes: append(append(ws, births...), marker)}, err
}

// present tells whether the secret is here already, and refuses one that did not
// come in by an import.
func (b *birth) present(ctx context.Context) (bool, error) {
	id := b.newborn.key.Imported
	items, err := b.store.table.BatchGet(ctx, []table.Key{importAddress(id), secretAddress(id)}, true)
	if err != nil {
		return false, api.Down("looking for a secret", err)
	}
	for _, it := range items {
		if it.Str(table.SortAttr) == importSort {
			b.mine = it.Str("key") == b.newborn.key.ID
			return true, nil
		}
	}
	if len(items) > 0 {
		return false, Refusal{"sha256: the secret was created by this deployment, for key " + items[0].Str("key")}
	}
	return false, nil
}

// place finds the key's organisation and owner, or the writes that make them,
// and judges whether the key may be theirs.
func (b *birth) place(ctx context.Context) (holdings, []table.Write, error) {
	h, found, err := b.find(ctx)
	if err != nil {
		return h, nil, err
	}
	if !found {
		return b.found()
	}
	owner, is := h.ByEmail(b.foreign.Owner)
	counted := h.counted(b.newborn.key, true)
	var ws []table.Write
	if !is {
		if owner, ws, err = b.join(h); err != nil {
			return h, nil, err
		}
		h.Members = append(slices.Clone(h.Members), owner)
		counted.Actions = append(counted.Actions, table.Increment("members_version", 1))
		h.Org.MembersVersion++
	}
	b.newborn.key.Org, b.newborn.key.Owner = h.Org.ID, owner.User
	if refused := b.store.rules.judge(h, owner, b.foreign, b.newborn.key, b.o.OverCap, b.by.At); refused != nil {
		return h, nil, refused
	}
	return h, append(ws, counted), nil
}

// find returns the organisation that the row names, by id or by name.
func (b *birth) find(ctx context.Context) (holdings, bool, error) {
	name := b.foreign.Org
	if name == "" {
		return holdings{}, false, Refusal{"org: is required; give the organisation's id or name"}
	}
	if ids.Plausible(name) {
		if h, found, err := b.read(ctx, name); found || err != nil {
			return h, found, err
		}
	}
	if len(b.named[name]) == 0 {
		it, err := b.store.table.Get(ctx, houseAddress(name), true)
		if err != nil {
			return holdings{}, false, api.Down("looking for an organisation", err)
		}
		if it != nil {
			b.named[name] = []string{it.Str("org")}
		}
	}
	switch known := b.named[name]; {
	case len(known) > 1:
		return holdings{}, false, Refusal{"org: several organisations have this name: give the id"}
	case len(known) == 1:
		return b.read(ctx, known[0])
	case !b.o.CreateOrgs:
		return holdings{}, false, Refusal{"org: no such organisation; use -create-orgs to create it"}
	}
	return holdings{}, false, nil
}

func (b *birth) read(ctx context.Context, org string) (holdings, bool, error) {
	if h, known := b.houses[org]; known {
		return h, true, nil
	}
	h, found, err := b.store.holdings(ctx, org)
	if found && err == nil {
		b.houses[org] = h
	}
	return h, found, err
}

// join makes the key's owner a member.
func (b *birth) join(h holdings) (orgs.Member, []table.Write, error) {
	if _, err := orgs.Address("owner", b.foreign.Owner); err != nil || !b.o.CreateOrgs {
		if err != nil {
			return orgs.Member{}, nil, Refusal{"owner: " + api.AsError(err).Fields["owner"][0]}
		}
		return orgs.Member{}, nil, Refusal{"owner: no such member of the organisation; use -create-orgs to add them"}
	}
	role := b.foreign.Role
	if role == "" {
		role = api.RoleMember
	}
	owner, ws, err := h.Join(b.store.ids, b.by, b.foreign.Owner, role)
	return owner, ws, refusal(err)
}

// found makes the organisation, with the key's owner as its own.
func (b *birth) found() (holdings, []table.Write, error) {
	f := b.foreign
	if f.Role != "" && f.Role != api.RoleOwner {
		return holdings{}, nil, Refusal{"role: must be owner for the first member of a new organisation"}
	}
	o, owner, ws, err := orgs.Found(b.store.ids, b.store.rules.contract, b.by, orgs.Founding{Name: f.Org, Plan: f.Plan, Owner: f.Owner})
	if err != nil {
		return holdings{}, nil, refusal(err)
	}
	k := &b.newborn.key
	k.Org, k.Owner = o.ID, owner.User
	o.KeysVersion, o.KeysLast, o.KeysLastRev = 1, k.ID, k.Rev
	for _, w := range ws { // one transaction writes an item once: it is born with its first key
		if w.Target() == orgs.Key(o.ID) {
			w.Item["keys_version"], w.Item["keys_last"], w.Item["keys_last_rev"] = o.KeysVersion, o.KeysLast, o.KeysLastRev
		}
	}
	at := houseAddress(f.Org)
	pointer := table.Put(table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "org": o.ID}, table.IsNew())
	h := holdings{View: orgs.View{Org: o, Members: []orgs.Member{owner}}}
	if refused := b.store.rules.judge(h, owner, f, *k, b.o.OverCap, b.by.At); refused != nil {
		return h, nil, refused
	}
	h.Org.KeysVersion-- // settle counts the key
	return h, append(ws, pointer), nil
}

// refusal makes one of an error of the input. Others stay.
func refusal(err error) error {
	e := api.AsError(err)
	if err == nil || e.Condition != api.InputField && e.Condition != api.Conflict {
		return err
	}
	if len(e.Fields) == 0 {
		return Refusal{e.Message}
	}
	return problems(e.Fields).refusal()
}

// settle remembers the organisation as it is with the key.
func (b *birth) settle() {
	h, k := b.house, b.newborn.key
	h.keys = append(slices.Clip(h.keys), k)
	h.Org.KeysVersion++
	h.Org.KeysLast, h.Org.KeysLastRev = k.ID, k.Rev
	b.houses[h.Org.ID] = h
	if b.foreign.Org != h.Org.ID {
		b.named[b.foreign.Org] = []string{h.Org.ID}
	}
}
