package peppers

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"statgate/shared/access/apikey"
	"statgate/shared/table"
)

// mark is the item of a keys table that identifies the peppers under which its secrets
// were made. It has fingerprints of the root and of each version.
var mark = table.Key{Partition: "DEPLOYMENT", Sort: "PEPPERS"}

// operator is the item that a keys table has as soon as there is a key.
var operator = table.Key{Partition: "DEPLOYMENT", Sort: "DEPLOYMENT"}

// Misfit is the error of peppers that cannot prove secrets of a keys table.
type Misfit struct{ problem string }

// Problem says what does not fit.
func (m *Misfit) Problem() string { return m.problem }

func (m *Misfit) Error() string {
	return m.problem + `: restore the peppers of this data, or end the secrets that are lost with "statgate peppers import --force"`
}

// CheckFit returns a [*Misfit] if the peppers are not those under which the secrets in a
// keys table were made. Peppers may be nil, if there is no document. Tables without a mark
// fit any peppers.
func CheckFit(ctx context.Context, keys table.Table, p *apikey.Peppers) error {
	marked, err := readMark(ctx, keys)
	switch {
	case err != nil:
		return err
	case p == nil:
		return checkUnused(ctx, keys, marked)
	case marked == nil:
		return nil
	}
	return fit(marked, p)
}

// Record is [CheckFit], and then records the peppers in the keys table. Versions that
// were retired are no longer needed.
func Record(ctx context.Context, keys table.Table, p *apikey.Peppers) error {
	if err := CheckFit(ctx, keys, p); err != nil {
		return err
	}
	marked, err := readMark(ctx, keys)
	if err != nil {
		return err
	}
	versions := map[string]any{}
	for version, print := range p.Fingerprints() {
		versions[version] = print
	}
	if marked != nil && maps.Equal(marked.Map("versions"), versions) {
		return nil
	}
	it := table.Item{table.PartitionAttr: mark.Partition, table.SortAttr: mark.Sort, "root": p.Fingerprint(), "versions": versions}
	if _, err := keys.Write(ctx, table.Put(it)); err != nil {
		return fmt.Errorf("peppers: recording them in the keys table: %w", err)
	}
	return nil
}

// Forget removes the record of a keys table, before other peppers replace those that it
// identifies.
func Forget(ctx context.Context, keys table.Table) error {
	if _, err := keys.Write(ctx, table.Delete(mark)); err != nil {
		return fmt.Errorf("peppers: removing their record from the keys table: %w", err)
	}
	return nil
}

func readMark(ctx context.Context, keys table.Table) (table.Item, error) {
	marked, err := keys.Get(ctx, mark, true)
	if err != nil {
		return nil, fmt.Errorf("peppers: reading their record in the keys table: %w", err)
	}
	return marked, nil
}

// checkUnused returns an error if a keys table has secrets, as new peppers would prove
// none of them.
func checkUnused(ctx context.Context, keys table.Table, marked table.Item) error {
	if marked != nil {
		return &Misfit{fmt.Sprintf("the peppers with the root %s are missing", marked.Str("root"))}
	}
	used, err := keys.Get(ctx, operator, true)
	if err != nil {
		return fmt.Errorf("peppers: reading the deployment: %w", err)
	}
	if used != nil {
		return &Misfit{"the peppers are missing, although the data has keys"}
	}
	return nil
}

// fit compares the peppers with the mark.
func fit(marked table.Item, p *apikey.Peppers) error {
	if got, want := p.Fingerprint(), marked.Str("root"); got != want {
		return &Misfit{fmt.Sprintf("the peppers have the root %s, but the keys of this data were made under the root %s", got, want)}
	}
	prints, retired := p.Fingerprints(), p.Retired()
	versions := marked.Map("versions")
	for _, version := range slices.Sorted(maps.Keys(versions)) {
		switch print, there := prints[version]; {
		case there && print != versions[version]:
			return &Misfit{fmt.Sprintf("pepper %s is another one than that of this data", version)}
		case !there && !slices.Contains(retired, version):
			return &Misfit{fmt.Sprintf("pepper %s is missing: these peppers are older than the data", version)}
		}
	}
	return nil
}
