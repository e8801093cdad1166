package operate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
	"statgate/shared/table"
)

// ReadPeppers returns the text of a document, the peppers in it and the time of its
// last change. It fails where there are no peppers yet.
func ReadPeppers(ctx context.Context, document peppers.Document) ([]byte, *apikey.Peppers, time.Time, error) {
	raw, changed, err := document.Read(ctx)
	if err == nil && raw == nil {
		err = fmt.Errorf("%s: there are no peppers", document)
	}
	if err != nil {
		return nil, nil, changed, err
	}
	p, err := apikey.ParsePeppers(raw)
	if err != nil {
		return nil, nil, changed, fmt.Errorf("%s: %w", document, err)
	}
	return raw, p, changed, nil
}

// FittingPeppers is [Target.PepperSource] for a keys table. It fails if the peppers are not
// those under which the table's secrets were made, or are missing although it has keys. It
// records versions that are new.
func (t Target) FittingPeppers(ctx context.Context, keys table.Table, clock func() time.Time) (*apikey.PepperSource, error) {
	document, err := t.Document(ctx)
	if err != nil {
		return nil, err
	}
	if raw, _, err := document.Read(ctx); err != nil {
		return nil, err
	} else if raw == nil {
		if err := peppers.CheckFit(ctx, keys, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", document, err)
		}
	}
	source, err := t.PepperSource(ctx, clock)
	if err != nil {
		return nil, err
	}
	return source, RecordPeppers(ctx, document, keys)
}

// RecordPeppers records the peppers of a document in a keys table. It fails if they do not
// fit the table.
func RecordPeppers(ctx context.Context, document peppers.Document, keys table.Table) error {
	_, p, _, err := ReadPeppers(ctx, document)
	if err != nil {
		return err
	}
	if err := peppers.Record(ctx, keys, p); err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	return nil
}

// DescribePeppers names the root and the versions of peppers, without their values.
func DescribePeppers(p *apikey.Peppers) string {
	return fmt.Sprintf("root %s, peppers %s, current %s", p.Fingerprint(), strings.Join(p.Versions(), " "), p.Current())
}
