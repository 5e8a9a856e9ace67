package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The file format of bbolt, as far as it has to be right for bbolt not to crash
// (it maps the file and follows what stands in it), loop or overwrite what is
// in use. All numbers are in the byte order of the machine.
const (
	pageHeader   = 16
	elementSize  = 16
	metaSize     = 64 // behind the page header
	bucketHeader = 16
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	isBucket     = 0x01
	smallestPage = 1 << 10
	largestPage  = 1 << 16
	// longCount marks a freelist whose length stands in its first item.
	longCount = 0xFFFF
	// maxDepth is beyond any tree that fits in the size of a file.
	maxDepth   = 40
	largestTxn = 1 << 62
)

// badFile is a file that is not what bbolt writes.
type badFile struct{ what string }

func (b *badFile) Error() string { return b.what }

func bad(format string, args ...any) error { return &badFile{fmt.Sprintf(format, args...)} }

// meta is one of the two heads of a file.
type meta struct {
	pageSize            int64
	root, freelist, end uint64 // pages; end is the first that was never used
	txid                uint64
}

// verify checks all of a file's structure that is in use; the values only by
// their extent. It reads the heads of pages and the names, and so is quick. It
// gives the sum of the hashes of all names.
func verify(r io.ReaderAt, size int64) (names uint64, err error) {
	m, err := newestMeta(r, size)
	if err != nil {
		return 0, err
	}
	v := &verifier{r: r, pageSize: m.pageSize, end: m.end, seen: make([]uint64, m.end/64+1)}
	if err := v.tree(m.root, true, nil, nil, 0); err != nil {
		return 0, err
	}
	return v.names, v.freelist(m.freelist)
}

// newestMeta chooses as bbolt does.
func newestMeta(r io.ReaderAt, size int64) (meta, error) {
	if size < 2*smallestPage {
		return meta{}, bad("it is cut off")
	}
	first, ok0 := readMeta(r, 0)
	second, ok1 := meta{}, false
	if ok0 {
		second, ok1 = readMeta(r, first.pageSize)
	} else {
		for at := int64(smallestPage); at < size-smallestPage && at <= largestPage && !ok1; at *= 2 {
			second, ok1 = readMeta(r, at)
			if ok1 && second.pageSize != at {
				return meta{}, bad("its head names another place")
			}
		}
	}
	m := first
	switch {
	case !ok0 && !ok1:
		return meta{}, bad("it has no valid head")
	case !ok0 || ok1 && second.txid > first.txid:
		m = second
	}
	return m, m.check(size, ok0 && ok1 && first.pageSize != second.pageSize)
}

func (m meta) check(size int64, differ bool) error {
	switch {
	case differ, m.pageSize < smallestPage, m.pageSize > largestPage, m.pageSize&(m.pageSize-1) != 0:
		return bad("its head has no valid page size")
	case m.pageSize < int64(os.Getpagesize()) && m.pageSize < 4096:
		return bad("its head has no valid page size")
	case m.end < 4 || m.end > uint64(size/m.pageSize):
		return bad("it is cut off")
	case m.root < 2 || m.root >= m.end || m.freelist < 2 || m.freelist >= m.end || m.txid > largestTxn:
		return bad("its head is wrong")
	}
	return nil
}

func readMeta(r io.ReaderAt, at int64) (meta, bool) {
	buf := make([]byte, pageHeader+metaSize)
	if at < 0 || at > largestPage {
		return meta{}, false
	}
	if _, err := r.ReadAt(buf, at); err != nil {
		return meta{}, false
	}
	b := buf[pageHeader:]
	h := fnv.New64a()
	_, _ = h.Write(b[:56])
	m := meta{
		pageSize: int64(u32(b[8:])),
		root:     u64(b[16:]),
		freelist: u64(b[32:]),
		end:      u64(b[40:]),
		txid:     u64(b[48:]),
	}
	return m, u32(b) == metaMagic && u32(b[4:]) == metaVersion && u64(b[56:]) == h.Sum64()
}

func u16(b []byte) uint16 { return binary.NativeEndian.Uint16(b) }
func u32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
func u64(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

// verifier is one look at one file, for one goroutine.
type verifier struct {
	r        io.ReaderAt
	pageSize int64
	end      uint64
	seen     []uint64 // a bit for each page
	section  []byte   // the bucket that is looked at
	names    uint64   // the sum of the hashes of the names seen
}

// mark takes a page; each is taken once, which bounds the whole walk.
func (v *verifier) mark(id uint64) error {
	if id < 2 || id >= v.end {
		return bad("page %d does not exist", id)
	}
	bit := uint64(1) << (id % 64)
	if v.seen[id/64]&bit != 0 {
		return bad("page %d is used twice", id)
	}
	v.seen[id/64] |= bit
	return nil
}

// node is a page with what overflows it, or a bucket inside a value.
type node struct {
	r     io.ReaderAt
	base  int64 // where it begins in r
	size  uint64
	flags uint16
	count int
	head  []byte // its beginning, with all elements
}

func (v *verifier) page(id uint64) (*node, error) {
	if err := v.mark(id); err != nil {
		return nil, err
	}
	n := &node{r: v.r, base: int64(id) * v.pageSize, head: make([]byte, v.pageSize)}
	if err := read(v.r, n.head, n.base); err != nil {
		return nil, err
	}
	over := uint64(u32(n.head[12:]))
	if u64(n.head) != id || over >= v.end-id {
		return nil, bad("page %d is not what it should be", id)
	}
	for i := uint64(1); i <= over; i++ {
		if err := v.mark(id + i); err != nil {
			return nil, err
		}
	}
	n.size = (over + 1) * uint64(v.pageSize)
	n.flags, n.count = u16(n.head[8:]), int(u16(n.head[10:]))
	return n, nil
}

func read(r io.ReaderAt, buf []byte, at int64) error {
	_, err := r.ReadAt(buf, at)
	if errors.Is(err, io.EOF) {
		return bad("it is cut off")
	}
	return err
}

// elements sees to it that all elements are in head.
func (n *node) elements() error {
	need := pageHeader + n.count*elementSize
	if uint64(need) > n.size {
		return bad("a page holds more than fits")
	}
	if need <= len(n.head) {
		return nil
	}
	n.head = make([]byte, need)
	return read(n.r, n.head, n.base)
}

// bytes gives a part of a node.
func (n *node) bytes(at, size uint64) ([]byte, error) {
	if at > n.size || size > n.size-at {
		return nil, bad("an entry reaches beyond its page")
	}
	if at+size <= uint64(len(n.head)) {
		return n.head[at : at+size], nil
	}
	buf := make([]byte, size)
	return buf, read(n.r, buf, n.base+int64(at))
}

// tree checks a tree of pages whose names begin with low and come before high,
// both nil where there is no bound. In the top tree all entries are buckets, in a bucket none is.
func (v *verifier) tree(id uint64, top bool, low, high []byte, depth int) error {
	if depth > maxDepth {
		return bad("it is nested too deep")
	}
	n, err := v.page(id)
	if err != nil {
		return err
	}
	switch n.flags {
	case leafPage:
		return v.leaf(n, top, low, high, depth)
	case branchPage:
		return v.branch(n, top, low, high, depth)
	}
	return bad("page %d is of a wrong kind", id)
}

// ordered checks one name. The first one on a page is exactly the one that the
// page above has for it: bbolt finds its place there by it.
func ordered(name, previous, low, high []byte) error {
	first := previous == nil
	if !first && bytes.Compare(previous, name) >= 0 || first && low != nil && !bytes.Equal(low, name) ||
		high != nil && bytes.Compare(name, high) >= 0 {
		return bad("its names are not in order")
	}
	return nil
}

func (v *verifier) branch(n *node, top bool, low, high []byte, depth int) error {
	if n.count == 0 {
		return bad("a page is empty")
	}
	if err := n.elements(); err != nil {
		return err
	}
	names, pages := make([][]byte, n.count), make([]uint64, n.count)
	for i := range n.count {
		at := pageHeader + i*elementSize
		e := n.head[at:]
		name, err := n.bytes(uint64(at)+uint64(u32(e)), uint64(u32(e[4:])))
		if err != nil {
			return err
		}
		var previous []byte
		if i > 0 {
			previous = names[i-1]
		}
		if err := ordered(name, previous, low, high); err != nil {
			return err
		}
		names[i], pages[i] = name, u64(e[8:])
	}
	for i, id := range pages {
		next := high
		if i+1 < len(names) {
			next = names[i+1]
		}
		if err := v.tree(id, top, names[i], next, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) leaf(n *node, top bool, low, high []byte, depth int) error {
	if err := n.elements(); err != nil {
		return err
	}
	if n.count == 0 && low != nil {
		return bad("a page is empty")
	}
	var previous []byte
	for i := range n.count {
		at := pageHeader + i*elementSize
		e := n.head[at:]
		flags, pos, nameSize, size := u32(e), uint64(at)+uint64(u32(e[4:])), uint64(u32(e[8:])), uint64(u32(e[12:]))
		name, err := n.bytes(pos, nameSize)
		if err != nil {
			return err
		}
		if err := ordered(name, previous, low, high); err != nil {
			return err
		}
		if len(name) == 0 || (flags == isBucket) != top || flags > isBucket || pos+nameSize+size > n.size {
			return bad("an entry is wrong")
		}
		switch {
		case top:
			v.section = name
			if err := v.bucket(n, pos+nameSize, size, depth); err != nil {
				return err
			}
		case string(v.section) != aboutBucket:
			v.names += nameHash(v.section, name)
		}
		previous = name
	}
	return nil
}

// bucket checks a section: a tree of its own, or a page inside the value.
func (v *verifier) bucket(n *node, at, size uint64, depth int) error {
	if size < bucketHeader || size > uint64(v.pageSize) {
		return bad("a section is wrong")
	}
	b, err := n.bytes(at, size)
	if err != nil {
		return err
	}
	if root := u64(b); root != 0 {
		return v.tree(root, false, nil, nil, depth+1)
	}
	b = b[bucketHeader:]
	if len(b) < pageHeader || u64(b) != 0 || u16(b[8:]) != leafPage || u32(b[12:]) != 0 {
		return bad("a section is wrong")
	}
	inner := &node{r: v.r, size: uint64(len(b)), flags: leafPage, count: int(u16(b[10:])), head: b}
	return v.leaf(inner, false, nil, nil, depth+1)
}

// freelist checks the list of free pages: bbolt overwrites them.
func (v *verifier) freelist(id uint64) error {
	n, err := v.page(id)
	if err != nil {
		return err
	}
	count, at := uint64(n.count), uint64(pageHeader)
	if n.flags != freelistPage {
		return bad("page %d is of a wrong kind", id)
	}
	if n.count == longCount {
		count, at = u64(n.head[pageHeader:]), pageHeader+8
	}
	if count > v.end {
		return bad("its list of free pages is wrong")
	}
	ids, err := n.bytes(at, count*8)
	if err != nil {
		return err
	}
	for ; len(ids) > 0; ids = ids[8:] {
		if err := v.mark(u64(ids)); err != nil {
			return err
		}
	}
	return nil
}
