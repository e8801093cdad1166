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
// turn. An organisation whose plan has more room may fill it, and all management keys, at once.
const MaxKeysPerHour = 100

// checkPace refuses a key beyond the organisation's maximum in the hour that ends now. Like the caps it is
// exact: the transaction is conditional on the organisation's keys not having changed. Imported
// keys do not count, as an import may bring any number.
func (ru rules) checkPace(o orgs.Org, held []record, now time.Time) error {
	most := max(MaxKeysPerHour, ru.plan(o).Keys+MaxManagementKeys)
	var made []int64
	for _, k := range held {
		if k.Imported == "" && k.CreatedAt > now.Add(-time.Hour).Unix() {
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
