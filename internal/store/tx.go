package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// A file holds one bucket about itself and one for each section. Each value
// stands behind a checksum of its section, its name and itself, and the bucket
// about the file has the sum of the hashes of all names, so that none is lost
// unseen: bbolt has no checksums.
const (
	aboutBucket   = "about"
	keyEntry      = "key"
	formatEntry   = "format"
	namesEntry    = "names"
	format        = "1"
	sectionPrefix = "section "
	sumSize       = 4
	// longestName is what fits beside the prefix in a key of bbolt.
	longestName = 16 << 10
)

func writeAbout(tx *bolt.Tx, key string) error {
	b, err := tx.CreateBucket([]byte(aboutBucket))
	if err != nil {
		return err
	}
	return errors.Join(b.Put([]byte(keyEntry), []byte(key)), b.Put([]byte(formatEntry), []byte(format)), writeNames(tx, 0))
}

func writeNames(tx *bolt.Tx, names uint64) error {
	return tx.Bucket([]byte(aboutBucket)).Put([]byte(namesEntry), binary.BigEndian.AppendUint64(nil, names))
}

// nameHash is what a name adds to the sum of all names. Section is its bucket.
func nameHash(section, name []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(section)
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(name)
	return h.Sum64()
}

// checkAbout refuses a file that is of another key, of another time, or has
// lost names.
func (d *database) checkAbout(tx *bolt.Tx) error {
	b := tx.Bucket([]byte(aboutBucket))
	if b == nil {
		return damaged(d.path, "it does not say whose it is")
	}
	if got := string(b.Get([]byte(formatEntry))); got != format {
		return refused(d.path, "its format is %q and this version knows %q: use the version that wrote it", got, format)
	}
	if got := string(b.Get([]byte(keyEntry))); got != d.key {
		return refused(d.path, "it is the memory of %q and not of %q: move it away", got, d.key)
	}
	if got := b.Get([]byte(namesEntry)); len(got) != 8 || binary.BigEndian.Uint64(got) != d.names {
		return damaged(d.path, "names were lost or changed")
	}
	return nil
}

// boltTx is a transaction on a file, for one goroutine. It lives as long as f
// runs.
type boltTx struct {
	tx    *bolt.Tx
	path  string
	write bool
	names uint64 // the sum of the hashes of all names
	err   error  // a value that could not be read: Get has no error to give
}

func (t *boltTx) bucket(section string) *bolt.Bucket {
	return t.tx.Bucket([]byte(sectionPrefix + section))
}

// guard makes what goes wrong while the file is read an error of the
// transaction, and so of the call. It is to be deferred.
func (t *boltTx) guard(err *error) {
	if r := recover(); r != nil {
		t.err = damaged(t.path, fmt.Sprint(r))
	}
	if *err == nil {
		*err = t.err
	}
}

func (t *boltTx) Get(section, name string) (value []byte) {
	defer t.guard(new(error))
	b := t.bucket(section)
	if b == nil {
		return nil
	}
	stored := b.Get([]byte(name))
	if stored == nil {
		return nil
	}
	value, err := t.unseal(section, name, stored)
	if err != nil {
		t.err = err
	}
	return value
}

func (t *boltTx) Put(section, name string, value []byte) (err error) {
	switch {
	case !t.write:
		return errReadOnly
	case section == "" || name == "":
		return errors.New("a value needs a section and a name")
	case len(section) > longestName || len(name) > longestName:
		return fmt.Errorf("a name has at most %d bytes", longestName)
	case t.err != nil:
		return t.err
	}
	defer t.guard(&err)
	b, err := t.tx.CreateBucketIfNotExists([]byte(sectionPrefix + section))
	if err != nil {
		return err
	}
	if b.Get([]byte(name)) == nil {
		t.names += nameHash([]byte(sectionPrefix+section), []byte(name))
	}
	return b.Put([]byte(name), seal(section, name, value))
}

func (t *boltTx) Delete(section, name string) (err error) {
	switch {
	case !t.write:
		return errReadOnly
	case t.err != nil:
		return t.err
	}
	defer t.guard(&err)
	b := t.bucket(section)
	if b == nil || name == "" || b.Get([]byte(name)) == nil {
		return nil
	}
	t.names -= nameHash([]byte(sectionPrefix+section), []byte(name))
	return b.Delete([]byte(name))
}

// Each reads all first, so that f may change what it walks over.
func (t *boltTx) Each(section string, f func(name string, value []byte) error) error {
	type entry struct {
		name  string
		value []byte
	}
	var all []entry
	collect := func() (err error) {
		defer t.guard(&err)
		b := t.bucket(section)
		if b == nil {
			return nil
		}
		return b.ForEach(func(name, stored []byte) error {
			value, err := t.unseal(section, string(name), stored)
			all = append(all, entry{string(name), value})
			return err
		})
	}
	if err := collect(); err != nil {
		t.err = err
		return err
	}
	for _, e := range all {
		if err := f(e.name, e.value); err != nil {
			return err
		}
	}
	return nil
}

var errReadOnly = errors.New("a view changes nothing")

func sum(section, name string, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	h := crc32.Update(0, table, []byte(section))
	h = crc32.Update(h, table, []byte{0})
	h = crc32.Update(h, table, []byte(name))
	h = crc32.Update(h, table, []byte{0})
	return crc32.Update(h, table, value)
}

func seal(section, name string, value []byte) []byte {
	out := make([]byte, sumSize, sumSize+len(value))
	binary.BigEndian.PutUint32(out, sum(section, name, value))
	return append(out, value...)
}

func (t *boltTx) unseal(section, name string, stored []byte) ([]byte, error) {
	if len(stored) < sumSize {
		return nil, damaged(t.path, "a value is too short")
	}
	value := slices.Clone(stored[sumSize:])
	if value == nil {
		value = []byte{}
	}
	if sum(section, name, value) != binary.BigEndian.Uint32(stored) {
		return nil, damaged(t.path, fmt.Sprintf("the value of %q does not fit its checksum", name))
	}
	return value, nil
}

// emptyTx is what was never written.
type emptyTx struct{}

func (emptyTx) Get(string, string) []byte                     { return nil }
func (emptyTx) Put(string, string, []byte) error              { return errReadOnly }
func (emptyTx) Delete(string, string) error                   { return errReadOnly }
func (emptyTx) Each(string, func(string, []byte) error) error { return nil }
