package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	cursorMACBytes = 12
	cursorMark     = "\x00" // separates the expiry, if any, from the position
)

// Cursors signs the positions of pages. A cursor is opaque and valid only for its own
// query and, if Life is set, for that time. It contains its expiry, so a changed Life
// affects only new cursors.
type Cursors struct {
	Key  []byte
	Life time.Duration // 0 for cursors that never expire
}

// Errors of [Cursors.Decode]; their texts are for callers.
var (
	ErrCursorForeign = errors.New("is not valid for this query; start again without it")
	ErrCursorExpired = errors.New("has expired; start again without it")
)

// Encode returns the signed cursor of a position. The query identifies the operation, the
// caller's organisation and all inputs except page parameters.
func (c Cursors) Encode(query, position string, now time.Time) string {
	if c.Life > 0 {
		position = strconv.FormatInt(now.Add(c.Life).Unix(), 36) + cursorMark + position
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(query, position), position...))
}

// Decode returns the position of a cursor. It fails with [ErrCursorForeign] if the cursor
// was not signed by this deployment for this query, and with [ErrCursorExpired].
func (c Cursors) Decode(query, cursor string, now time.Time) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMACBytes {
		return "", ErrCursorForeign
	}
	signed := string(raw[cursorMACBytes:])
	if !hmac.Equal(raw[:cursorMACBytes], c.mac(query, signed)) {
		return "", ErrCursorForeign
	}
	end, position, ends := strings.Cut(signed, cursorMark)
	if !ends {
		return signed, nil
	}
	if seconds, err := strconv.ParseInt(end, 36, 64); err != nil || now.Unix() >= seconds {
		return "", ErrCursorExpired
	}
	return position, nil
}

func (c Cursors) mac(query, position string) []byte {
	h := hmac.New(sha256.New, c.Key)
	h.Write([]byte(query))
	h.Write([]byte{0})
	h.Write([]byte(position))
	return h.Sum(nil)[:cursorMACBytes]
}
