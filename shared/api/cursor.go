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
	cursorMark     = "\x00" // between a cursor's end, where it has one, and its position
)

// Cursors signs the positions of pages. A cursor is opaque, and good only for
// the query that it came from and, where Life is given, for so long. It carries
// its own end, so that a contract may change how long those to come are good.
type Cursors struct {
	Key  []byte
	Life time.Duration // 0 is for ever
}

// What becomes of a cursor that leads nowhere.
var (
	ErrCursorForeign = errors.New("is not valid for this query; start again without it")
	ErrCursorExpired = errors.New("has expired; start again without it")
)

// Encode signs a position for a query; query names the operation, the caller's
// organisation and every input but the page's own.
func (c Cursors) Encode(query, position string, now time.Time) string {
	if c.Life > 0 {
		position = strconv.FormatInt(now.Add(c.Life).Unix(), 36) + cursorMark + position
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(query, position), position...))
}

// Decode returns the position in a cursor. It fails with [ErrCursorForeign] for
// one that was not made here for this query, and with [ErrCursorExpired].
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
