package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

const cursorMACBytes = 12

// Cursors signs the positions of pages. A cursor is opaque, and good only for
// the query that it came from.
type Cursors struct{ Key []byte }

// Encode signs a position for a query; query names the operation, the caller's
// organisation and every input but the page's own.
func (c Cursors) Encode(query, position string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.mac(query, position), position...))
}

// Decode returns the position in a cursor, and false for one that was not made
// here for this query.
func (c Cursors) Decode(query, cursor string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMACBytes {
		return "", false
	}
	position := string(raw[cursorMACBytes:])
	if !hmac.Equal(raw[:cursorMACBytes], c.mac(query, position)) {
		return "", false
	}
	return strings.Clone(position), true
}

func (c Cursors) mac(query, position string) []byte {
	h := hmac.New(sha256.New, c.Key)
	h.Write([]byte(query))
	h.Write([]byte{0})
	h.Write([]byte(position))
	return h.Sum(nil)[:cursorMACBytes]
}
