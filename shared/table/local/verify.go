package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"io"
	"strings"
)

// The layout of a bbolt file. It is an array of pages. A page has a header (id, kind,
// number of elements, number of further pages that belong to it) and elements. Integers
// have the byte order of the machine.
const (
	pageHeaderBytes = 16
	elementBytes    = 16
	bucketBytes     = 16 // root page and sequence of a bucket, in front of an inline page

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketElement = 0x01   // flag of a leaf element whose value is a bucket
	longFreelist  = 0xffff // the number of elements of a freelist is its first element
)

var boltMagic = binary.NativeEndian.AppendUint32(nil, 0xed0cdaed)

// verifier reads a data file and checks its structure and content: each page belongs to
// one tree or is free, keys are in order, items decode and are stored under their own
// keys, and the indexes have the entries that the items require.
type verifier struct {
	file      io.ReaderAt
	pageBytes uint64
	pages     uint64 // number of pages in use; all ids are below it
	used      []bool // by page id: already met
	tables    []*localTable
	buckets   map[string]bool   // the top-level buckets of the file
	sums      map[string]uint64 // by bucket of an index: its entries, less those that the items require
	seed      maphash.Seed
}

// meta is the root of a bbolt file, of which it has two copies. Each commit replaces the
// older one.
type meta struct{ root, freelist, pages, txid uint64 }

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errDamaged, fmt.Errorf(format, args...))
}

func (v *verifier) verify(size int64) error {
	m, err := v.meta()
	if err != nil {
		return err
	}
	if want := int64(m.pages * v.pageBytes); size < want { //nolint:gosec // the checksum of the meta page holds
		return cutOff(size, want)
	}
	v.pages, v.used, v.seed = m.pages, make([]bool, m.pages), maphash.MakeSeed()
	if err := v.freelist(m.freelist); err != nil {
		return err
	}
	if err := v.tree(m.root, nil, nil, v.bucketsIn("")); err != nil {
		return err
	}
	return v.checkBuckets()
}

// meta returns the newer of the two meta pages. Both must be intact: a disk writes such a
// small record as a whole, and the older one lacks the last commit.
func (v *verifier) meta() (newest meta, err error) {
	for page := range uint64(metaPages) {
		b := make([]byte, 64)
		if _, err := v.file.ReadAt(b, int64(page*v.pageBytes+pageHeaderBytes)); err != nil { //nolint:gosec // a small number
			return meta{}, broken("meta page %d: %w", page, err)
		}
		sum := fnv.New64a()
		_, _ = sum.Write(b[:56])
		if !bytes.Equal(b[:4], boltMagic) || sum.Sum64() != binary.NativeEndian.Uint64(b[56:]) {
			return meta{}, broken("meta page %d has a wrong checksum", page)
		}
		m := meta{root: binary.NativeEndian.Uint64(b[16:]), freelist: binary.NativeEndian.Uint64(b[32:]),
			pages: binary.NativeEndian.Uint64(b[40:]), txid: binary.NativeEndian.Uint64(b[48:])}
		if page == 0 || m.txid > newest.txid {
			newest = m
		}
	}
	return newest, nil
}

// page reads a page of one of the kinds, with the pages that belong to it.
func (v *verifier) page(id uint64, kinds uint16) ([]byte, error) {
	more, err := v.header(id, kinds)
	if err != nil {
		return nil, err
	}
	for i := range 1 + more {
		if err := v.use(id + i); err != nil {
			return nil, err
		}
	}
	b := make([]byte, (1+more)*v.pageBytes)
	if _, err := v.file.ReadAt(b, int64(id*v.pageBytes)); err != nil { //nolint:gosec // the page is in the file
		return nil, broken("page %d: %w", id, err)
	}
	return b, nil
}

// header reads the header of a page of one of the kinds. It returns the number of further
// pages that belong to the page; all of them exist.
func (v *verifier) header(id uint64, kinds uint16) (more uint64, err error) {
	if err := v.exists(id); err != nil {
		return 0, err
	}
	b := make([]byte, pageHeaderBytes)
	if _, err := v.file.ReadAt(b, int64(id*v.pageBytes)); err != nil { //nolint:gosec // the page is in the file
		return 0, broken("page %d: %w", id, err)
	}
	if own, kind := binary.NativeEndian.Uint64(b), kindOf(b); own != id || kind&kinds == 0 || kind&(kind-1) != 0 {
		return 0, broken("page %d is another one: it says that it is page %d of kind %#x", id, own, kind)
	}
	more = uint64(binary.NativeEndian.Uint32(b[12:]))
	return more, v.exists(id + more)
}

// exists fails if the file has no such page of a tree or a list.
func (v *verifier) exists(id uint64) error {
	if id < metaPages || id >= v.pages {
		return broken("page %d does not exist", id)
	}
	return nil
}

func kindOf(page []byte) uint16 { return binary.NativeEndian.Uint16(page[8:]) }

func countOf(page []byte) uint64 { return uint64(binary.NativeEndian.Uint16(page[10:])) }

// use notes that a page is in use. It fails if the page is already in use.
func (v *verifier) use(id uint64) error {
	if err := v.exists(id); err != nil {
		return err
	}
	if v.used[id] {
		return broken("page %d is in use twice", id)
	}
	v.used[id] = true
	return nil
}

// freelist notes the free pages as used, so that no tree may use them.
func (v *verifier) freelist(id uint64) error {
	b, err := v.page(id, freelistPage)
	if err != nil {
		return err
	}
	n, ids := countOf(b), b[pageHeaderBytes:]
	if n == longFreelist {
		n, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return broken("page %d: %d free pages do not fit", id, n)
	}
	for i := range n {
		if err := v.use(binary.NativeEndian.Uint64(ids[8*i:])); err != nil {
			return fmt.Errorf("list of free pages: %w", err)
		}
	}
	return nil
}

// visit gets each element of a bucket, in order.
type visit func(isBucket bool, key, value []byte) error

// tree reads the tree of a bucket. Its keys must be from low (inclusive) to high
// (exclusive); nil is no bound.
func (v *verifier) tree(id uint64, low, high []byte, each visit) error {
	b, err := v.page(id, branchPage|leafPage)
	if err != nil {
		return err
	}
	if kindOf(b) == leafPage {
		return inPage(id, leaf(b, low, high, each))
	}
	elements, err := elements(b, false)
	if err == nil && len(elements) == 0 {
		err = errors.New("a branch has no elements")
	}
	if err != nil {
		return inPage(id, err)
	}
	for i, e := range elements {
		to := high
		if i+1 < len(elements) {
			to = elements[i+1].key
		}
		if err := inOrder(e.key, low, to, i == 0); err != nil {
			return inPage(id, err)
		}
		if err := v.tree(e.child, e.key, to, each); err != nil {
			return err
		}
		low = e.key
	}
	return nil
}

func inPage(id uint64, err error) error {
	if err == nil || errors.Is(err, errDamaged) {
		return err
	}
	return broken("page %d: %w", id, err)
}

// inOrder checks that a key is above low, or equal to it if equal is set, and below high.
func inOrder(key, low, high []byte, equal bool) error {
	if c := bytes.Compare(key, low); low != nil && (c < 0 || c == 0 && !equal) || high != nil && bytes.Compare(key, high) >= 0 {
		return errors.New("keys are not in order")
	}
	return nil
}

func leaf(page, low, high []byte, each visit) error {
	elements, err := elements(page, true)
	if err != nil {
		return err
	}
	for i, e := range elements {
		if err := inOrder(e.key, low, high, i == 0); err != nil {
			return err
		}
		if err := each(e.bucket, e.key, e.value); err != nil {
			return err
		}
		low = e.key
	}
	return nil
}

// element is an element of a branch page (child) or a leaf page (bucket and value).
type element struct {
	key, value []byte
	bucket     bool
	child      uint64
}

// elements decodes the elements of a branch or leaf page. The position of a key is
// relative to its element.
func elements(page []byte, isLeaf bool) ([]element, error) {
	n := countOf(page)
	if pageHeaderBytes+n*elementBytes > uint64(len(page)) {
		return nil, fmt.Errorf("%d elements do not fit", n)
	}
	all := make([]element, n)
	for i := range n {
		at := page[pageHeaderBytes+i*elementBytes:]
		word := func(n int) uint64 { return uint64(binary.NativeEndian.Uint32(at[4*n:])) }
		position, keyBytes, valueBytes := word(0), word(1), uint64(0)
		if isLeaf {
			all[i].bucket = word(0)&bucketElement != 0
			position, keyBytes, valueBytes = word(1), word(2), word(3)
		} else {
			all[i].child = binary.NativeEndian.Uint64(at[8:])
		}
		if keyBytes == 0 || position+keyBytes+valueBytes > uint64(len(at)) {
			return nil, fmt.Errorf("element %d does not fit", i)
		}
		all[i].key = at[position : position+keyBytes]
		all[i].value = at[position+keyBytes : position+keyBytes+valueBytes]
	}
	return all, nil
}

// bucketsIn returns a visit for a bucket at a path, "" for the root. It visits the
// buckets in it, too.
func (v *verifier) bucketsIn(path string) visit {
	return func(isBucket bool, key, value []byte) error {
		if !isBucket {
			return v.entry(path, key, value)
		}
		if len(value) < bucketBytes {
			return fmt.Errorf("bucket %q has no root", key)
		}
		name := path + string(key)
		if path == "" {
			v.buckets[name] = true
		}
		each := v.bucketsIn(name + "/")
		if root := binary.NativeEndian.Uint64(value); root != 0 {
			return v.tree(root, nil, nil, each)
		}
		if inline := value[bucketBytes:]; len(inline) >= pageHeaderBytes && kindOf(inline) == leafPage {
			return leaf(inline, nil, nil, each)
		}
		return fmt.Errorf("bucket %q has no root", key)
	}
}

// entry checks an entry of a bucket of a table, and sums up the entries of indexes.
func (v *verifier) entry(path string, key, value []byte) error {
	for _, t := range v.tables {
		switch {
		case path == string(t.bucket)+"/":
			return v.item(t, key, value)
		case path == string(t.stream)+"/"+string(recordsBucket)+"/":
			if _, err := decodeRecord(value); err != nil {
				return fmt.Errorf("record %x: %w", key, err)
			}
			if len(key) != 8 {
				return fmt.Errorf("record %x: %w", key, errCorrupt)
			}
		case path == string(t.stream)+"/"+string(readersBucket)+"/":
			if len(value) != 8 {
				return fmt.Errorf("position of reader %q: %w", key, errCorrupt)
			}
		}
	}
	if strings.HasPrefix(path, "index/") {
		v.sums[strings.TrimSuffix(path, "/")] += maphash.Bytes(v.seed, key)
	}
	return nil
}

// item checks an item, and subtracts its entries from the sums of the indexes.
func (v *verifier) item(t *localTable, key, value []byte) error {
	it, err := decodeItem(value)
	if err != nil {
		return fmt.Errorf("item %q: %w", key, err)
	}
	if own := encodeKey(it.Key()); !bytes.Equal(key, own) {
		return fmt.Errorf("item %q is stored under the key %q", own, key)
	}
	for i := range t.indexes {
		if at := t.indexes[i].position(it); at != nil {
			v.sums[string(t.indexes[i].bucket)] -= maphash.Bytes(v.seed, append(at, key...))
		}
	}
	return nil
}

// checkBuckets fails if the file has no table, has a bucket of no table, or has an index
// with other entries than the items require. Sums that are equal have equal entries,
// except by a chance of 1 in 2^64.
func (v *verifier) checkBuckets() error {
	known := map[string]bool{}
	tables := 0
	for _, t := range v.tables {
		if v.buckets[string(t.bucket)] {
			tables++
		}
		known[string(t.bucket)], known[string(t.stream)] = true, true
		for name := range v.buckets {
			known[name] = known[name] || strings.HasPrefix(name, string(indexBucket(t.schema.Name, "")))
		}
		for i := range t.indexes {
			if ix := &t.indexes[i]; v.buckets[string(ix.bucket)] && v.sums[string(ix.bucket)] != 0 {
				return broken("index %s of table %s has other entries than the items require", ix.name, t.schema.Name)
			}
		}
	}
	if tables == 0 && len(v.buckets) > 0 {
		return errForeign
	}
	for name := range v.buckets {
		if !known[name] {
			return broken("bucket %q belongs to no table", name)
		}
	}
	return nil
}
