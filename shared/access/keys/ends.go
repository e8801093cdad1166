package keys

import (
	"time"

	"statgate/shared/api"
)

// A caller that ends must not obtain a secret that works after its end. Otherwise the holder of
// a secret that is valid for an hour could keep access to the organisation for good. So no
// caller makes or prolongs a key beyond its own end, or obtains the secret of a key that
// lasts longer. The end of a caller is that of its secret, if a rotation has replaced it, else
// that of its key.

// lastEnd returns the end of a caller in seconds since 1970, 0 for none.
func lastEnd(c *api.Caller) int64 {
	last := c.Lasting()
	if last.IsZero() {
		return 0
	}
	return last.Unix()
}

// outlasts reports whether one end is later than another; 0 is no end.
func outlasts(end, other int64) bool { return other != 0 && (end == 0 || end > other) }

// endWithin bounds a new key's expiry by its maker's end, which a key without an expiry takes.
// A choice of the contract is shortened, as the contract may have no shorter one; any other
// later expiry is refused.
func (ru rules) endWithin(c *api.Caller, spec Spec, k *record) error {
	last := lastEnd(c)
	switch {
	case !outlasts(k.ExpiresAt, last):
	case spec.ExpiresIn == nil && spec.ExpiresAt == nil, spec.ExpiresIn != nil && len(ru.contract.Keys.ExpiryChoices) > 0:
		k.ExpiresAt = last
	default:
		return beyond(spec.ExpiresIn != nil, last)
	}
	return nil
}

// prolongedWithin bounds a later expiry by the caller's end, as endWithin does. A key can
// therefore not prolong itself.
func (ru rules) prolongedWithin(c *api.Caller, e Edit, before record, k *record) error {
	last := lastEnd(c)
	switch {
	case !outlasts(k.ExpiresAt, before.ExpiresAt) || !outlasts(k.ExpiresAt, last):
	case e.ExpiresIn.Sent && !e.ExpiresIn.Null && len(ru.contract.Keys.ExpiryChoices) > 0 && outlasts(last, before.ExpiresAt):
		k.ExpiresAt = last
	default:
		return beyond(e.ExpiresIn.Sent, last)
	}
	return nil
}

func beyond(in bool, last int64) error {
	field := "expires_at"
	if in {
		field = "expires_in"
	}
	return api.FieldError(field, "must end no later than the key that sends the request, at %s", shownTime(last))
}

// mayOutlast refuses an act by which a caller that ends would keep the rights of a key that
// lasts longer.
func mayOutlast(c *api.Caller, k record, act string) error {
	if last := lastEnd(c); outlasts(k.ExpiresAt, last) {
		return api.Fail(api.PermissionExpiry, "the key that sends the request ends at %s and cannot %s a key that lasts longer", shownTime(last), act)
	}
	return nil
}

func shownTime(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
