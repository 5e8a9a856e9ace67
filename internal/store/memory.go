package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// A file begins with the word, the format, a checksum of all that follows, and
// the number of bytes in use behind this head. Texts follow, each behind its
// length: the key, then section, name and value of each record, in order. What
// stands behind them means nothing.
const (
	word     = "opslua state\x00\x00\x00"
	format   = 1 // the byte behind the word
	sumAt    = len(word) + 1
	lengthAt = sumAt + 4
	headSize = lengthAt + 8

	longestName = 16 << 10
)

var errReadOnly = errors.New("a view changes nothing")

// record is one value. It is immutable.
type record struct{ section, name, value string }

// memory is what one key remembers, and the transaction on it. It is for one
// goroutine, and lives as long as the call.
type memory struct {
	records  []record // sorted
	writable bool
	changed  bool
}

// parse reads the contents of a file.
func (p place) parse(data []byte) (*memory, error) {
	switch {
	case len(data) < headSize:
		return nil, damaged(p.file, "it is cut off")
	case string(data[:len(word)]) != word:
		return nil, damaged(p.file, "it does not begin as it should")
	case data[len(word)] != format:
		return nil, refused(p.file, "its format is %d and this version knows %d: use the version that wrote it", data[len(word)], format)
	}
	length := binary.BigEndian.Uint64(data[lengthAt:])
	if length > uint64(len(data)-headSize) {
		return nil, damaged(p.file, "it is cut off")
	}
	used := data[lengthAt : headSize+int(length)]
	if checksum(used) != binary.BigEndian.Uint32(data[sumAt:]) {
		return nil, damaged(p.file, "its contents do not fit its checksum")
	}
	in := reader{left: string(used[headSize-lengthAt:])}
	if key := in.text(); !in.bad && key != p.key {
		return nil, refused(p.file, "it is the memory of %q and not of %q: move it away", key, p.key)
	}
	m := &memory{}
	for len(in.left) > 0 {
		r := record{in.text(), in.text(), in.text()}
		if n := len(m.records); n > 0 && compare(m.records[n-1], r) >= 0 {
			in.bad = true
		}
		m.records = append(m.records, r)
	}
	if in.bad {
		return nil, damaged(p.file, "its records are wrong")
	}
	return m, nil
}

// reader takes texts from the beginning of what is left, until one is bad.
type reader struct {
	left string
	bad  bool
}

func (r *reader) text() string {
	n, head := binary.Uvarint([]byte(r.left[:min(len(r.left), binary.MaxVarintLen64)]))
	if head <= 0 || n > uint64(len(r.left)-head) {
		r.bad, r.left = true, ""
		return ""
	}
	text := r.left[head : head+int(n)]
	r.left = r.left[head+int(n):]
	return text
}

func checksum(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}

// bytes gives the contents of a file.
func (m *memory) bytes(key string) []byte {
	size := headSize + len(key) + binary.MaxVarintLen64
	for _, r := range m.records {
		size += len(r.section) + len(r.name) + len(r.value) + 3*binary.MaxVarintLen64
	}
	out := append(make([]byte, 0, size+step), word...)
	out = append(out, format)
	out = append(out, make([]byte, headSize-len(out))...)
	out = appendText(out, key)
	for _, r := range m.records {
		out = appendText(appendText(appendText(out, r.section), r.name), r.value)
	}
	binary.BigEndian.PutUint64(out[lengthAt:], uint64(len(out)-headSize))
	binary.BigEndian.PutUint32(out[sumAt:], checksum(out[lengthAt:]))
	return append(out, make([]byte, (step-len(out)%step)%step)...)
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func compare(a, b record) int {
	if c := strings.Compare(a.section, b.section); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}

func (m *memory) find(section, name string) (int, bool) {
	return slices.BinarySearchFunc(m.records, record{section: section, name: name}, compare)
}

func (m *memory) Get(section, name string) []byte {
	if i, ok := m.find(section, name); ok {
		return []byte(m.records[i].value)
	}
	return nil
}

func (m *memory) Put(section, name string, value []byte) error {
	switch {
	case !m.writable:
		return errReadOnly
	case section == "" || name == "":
		return errors.New("a value needs a section and a name")
	case len(section) > longestName || len(name) > longestName:
		return fmt.Errorf("a name has at most %d bytes", longestName)
	}
	m.changed = true
	r := record{section, name, string(value)}
	i, ok := m.find(section, name)
	if ok {
		m.records[i] = r
	} else {
		m.records = slices.Insert(m.records, i, r)
	}
	return nil
}

func (m *memory) Delete(section, name string) error {
	if !m.writable {
		return errReadOnly
	}
	if i, ok := m.find(section, name); ok {
		m.changed = true
		m.records = slices.Delete(m.records, i, i+1)
	}
	return nil
}

// Each walks over what is there at its beginning: f may change it.
func (m *memory) Each(section string, f func(name string, value []byte) error) error {
	first, _ := m.find(section, "")
	end := first
	for end < len(m.records) && m.records[end].section == section {
		end++
	}
	for _, r := range slices.Clone(m.records[first:end]) {
		if err := f(r.name, []byte(r.value)); err != nil {
			return err
		}
	}
	return nil
}
