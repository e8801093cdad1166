package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"statgate/shared/table"
)

// A stored item is a mark, its "ttl" (zigzag varint, 0 if absent), its attributes as a
// map (a count, then each name and value), and the checksum of all that (CRC-32C). Items
// of earlier releases have neither mark nor checksum. The "ttl" comes first so that a sweep reads
// nothing else. A value is a tag and the bytes that the tag implies. JSON would take
// several times as long, and the gate reads and writes an item on every request.
const (
	tagNil byte = iota
	tagFalse
	tagTrue
	tagInt    // zigzag varint
	tagString // length, bytes
	tagList   // count, values
	tagMap    // count, (length, name, value)…
)

// checked is the mark of an item with a checksum. An item of an earlier release cannot
// begin like this, because a varint of 0 has one byte.
const checked = "\x80\x00"

// checksumBytes is the length of an item's checksum.
const checksumBytes = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errCorrupt = errors.New("stored item is corrupt")

func encodeItem(it table.Item) ([]byte, error) {
	b := append(make([]byte, 0, 1024), checked...)
	b = binary.AppendVarint(b, it.Int(table.TTLAttr))
	b, err := appendMap(b, it)
	if err != nil {
		return nil, err
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

func appendMap(b []byte, m map[string]any) ([]byte, error) {
	b = binary.AppendUvarint(b, uint64(len(m)))
	var err error
	for name, v := range m {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		if b, err = appendValue(b, v); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, tagNil), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case int64:
		return binary.AppendVarint(append(b, tagInt), v), nil
	case string:
		b = binary.AppendUvarint(append(b, tagString), uint64(len(v)))
		return append(b, v...), nil
	case []any:
		b = binary.AppendUvarint(append(b, tagList), uint64(len(v)))
		var err error
		for _, e := range v {
			if b, err = appendValue(b, e); err != nil {
				return nil, err
			}
		}
		return b, nil
	case map[string]any:
		return appendMap(append(b, tagMap), v)
	}
	return nil, fmt.Errorf("%w: unsupported type %T", table.ErrBadWrite, v)
}

// storedTTL returns the "ttl" of an encoded item, in epoch seconds; 0 if it is absent.
func storedTTL(raw []byte) int64 {
	ttl, n := binary.Varint(bytes.TrimPrefix(raw, []byte(checked)))
	if n <= 0 {
		return 0
	}
	return ttl
}

// decodeItem copies raw once. The strings of the item are substrings of that copy.
func decodeItem(raw []byte) (table.Item, error) {
	if body, ok := bytes.CutPrefix(raw, []byte(checked)); ok {
		end := len(body) - checksumBytes
		if end < 0 || binary.LittleEndian.Uint32(body[end:]) != crc32.Checksum(raw[:len(raw)-checksumBytes], castagnoli) {
			return nil, errCorrupt
		}
		raw = body[:end]
	}
	_, n := binary.Varint(raw)
	if n <= 0 {
		return nil, errCorrupt
	}
	r := reader{rest: string(raw[n:])}
	m := r.mapValue()
	if r.bad || r.rest != "" {
		return nil, errCorrupt
	}
	return m, nil
}

// reader decodes values from the front of a string. The first invalid value sets bad,
// which is never reset.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) uvarint() uint64 {
	var x uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		c := r.rest[i]
		x |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return x
		}
	}
	r.fail()
	return 0
}

func (r *reader) fail() { r.bad, r.rest = true, "" }

// count reads the number of elements or bytes that follow. An element takes at least one
// byte, so a greater number than the rest has bytes is invalid.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) mapValue() map[string]any {
	n := r.count()
	m := make(map[string]any, n)
	for range n {
		name := r.text()
		m[name] = r.value()
		if r.bad {
			return nil
		}
	}
	return m
}

func (r *reader) list() []any {
	l := make([]any, r.count())
	for i := range l {
		if l[i] = r.value(); r.bad {
			return nil
		}
	}
	return l
}

func (r *reader) value() any {
	if r.rest == "" {
		r.fail()
		return nil
	}
	tag := r.rest[0]
	r.rest = r.rest[1:]
	switch tag {
	case tagNil:
		return nil
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagInt:
		u := r.uvarint()
		return int64(u>>1) ^ -int64(u&1)
	case tagString:
		return r.text()
	case tagList:
		return r.list()
	case tagMap:
		return r.mapValue()
	}
	r.fail()
	return nil
}
