package keys

import (
	"slices"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// MaxKeysPerHour is how many keys an organisation may create within an hour, revoked ones
// included. Keys are never deleted, and all of an organisation's keys are read whenever one is
// made. Caps on active keys do not bound their number: a thief could create and revoke keys in
// turn. The maximum is higher for a plan that allows more keys, so that an organisation can
// create all of them within an hour.
const MaxKeysPerHour = 100

// checkPace refuses a key beyond the organisation's maximum in the hour that ends now. Like the
// caps it is exact: the transaction is conditional on the organisation's keys not having
// changed. Imported keys do not count, as an import may bring any number. Keys that were created
// more than an hour from now do not count either: a wrong clock created them, and they would
// count for as long as it was ahead.
func (ru rules) checkPace(o orgs.Org, held []record, now time.Time) error {
	const hour = int64(time.Hour / time.Second)
	most := max(MaxKeysPerHour, ru.plan(o).Keys+MaxManagementKeys)
	var made []int64
	for _, k := range held {
		if age := now.Unix() - k.CreatedAt; k.Imported == "" && -hour < age && age < hour {
			made = append(made, k.CreatedAt)
		}
	}
	if len(made) < most {
		return nil
	}
	slices.Sort(made)
	free := time.Unix(made[len(made)-most], 0).Add(time.Hour)
	err := api.Fail(api.QuotaKeys, "the organisation has created %d keys within an hour, the maximum; retry after %s", len(made), free.UTC().Format(time.RFC3339))
	err.RetryAfter = min(max(free.Sub(now), time.Second), time.Hour)
	return err
}
