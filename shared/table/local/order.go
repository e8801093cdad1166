package local

import (
	"bytes"
	"strings"

	"statgate/shared/table"
)

// A bucket key encodes several strings, its parts, so that the order of encoded bytes
// is the order of the parts, for parts of any bytes. A NUL byte in a part becomes NUL FF. A
// part ends with NUL 01, which is less than an escaped NUL and less than any other byte
// that may follow.
const (
	endOfPart  = "\x00\x01"
	pastPart   = "\x00\x02" // an upper bound: after all keys with this part, before all greater parts
	escapedNUL = "\x00\xff"
)

func appendPart(dst []byte, s, end string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i]...), escapedNUL...)
		s = s[i+1:]
	}
	return append(append(dst, s...), end...)
}

func encodeKey(k table.Key) []byte {
	b := make([]byte, 0, len(k.Partition)+len(k.Sort)+2*len(endOfPart))
	return appendPart(appendPart(b, k.Partition, endOfPart), k.Sort, endOfPart)
}

// afterParts returns the key without its first n parts; nil if it has fewer.
func afterParts(key []byte, n int) []byte {
	for range n {
		i := bytes.Index(key, []byte(endOfPart))
		if i < 0 {
			return nil
		}
		key = key[i+len(endOfPart):]
	}
	return key
}

// keyRange returns the range of keys that a query reads: from is inclusive, to is exclusive.
func keyRange(q table.Query) (from, to []byte) {
	bound := func(sort, end string) []byte {
		b := appendPart(make([]byte, 0, len(q.Partition)+len(sort)+8), q.Partition, endOfPart)
		return appendPart(b, sort, end)
	}
	from = appendPart(nil, q.Partition, endOfPart)
	to = appendPart(nil, q.Partition, pastPart)
	if q.Low != "" {
		from = bound(q.Low, endOfPart)
	}
	if q.High != "" {
		to = bound(q.High, pastPart)
	}
	if q.After == "" {
		return from, to
	}
	if q.Descending {
		if past := bound(q.After, endOfPart); bytes.Compare(past, to) < 0 {
			to = past
		}
	} else if past := bound(q.After, pastPart); bytes.Compare(past, from) > 0 {
		from = past
	}
	return from, to
}

// tableBucket, indexBucket and streamBucket name the buckets of a table.
func tableBucket(name string) []byte        { return []byte("table/" + name) }
func indexBucket(name, index string) []byte { return []byte("index/" + name + "/" + index) }
func streamBucket(name string) []byte       { return []byte("stream/" + name) }
