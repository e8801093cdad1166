package operate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
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

// DescribePeppers names the root and the versions of peppers, without their values.
func DescribePeppers(p *apikey.Peppers) string {
	return fmt.Sprintf("root %s, peppers %s, current %s", p.Fingerprint(), strings.Join(p.Versions(), " "), p.Current())
}
