package lualib

// byteSet is a set of byte values.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

func (s *byteSet) add(c byte) { s[c>>6] |= 1 << (c & 63) }

// addRange adds lo to hi, both included; nothing if hi is below lo.
func (s *byteSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) union(o byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *byteSet) intersect(o byteSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s byteSet) complement() byteSet {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s *byteSet) disjoint(o *byteSet) bool {
	return s[0]&o[0]|s[1]&o[1]|s[2]&o[2]|s[3]&o[3] == 0
}

// full says that every byte is in the set.
func (s *byteSet) full() bool { return s[0]&s[1]&s[2]&s[3] == ^uint64(0) }

// only is the single member of a set of one, -1 of other sets.
func (s *byteSet) only() int {
	found := -1
	for c := range 256 {
		if !s.has(byte(c)) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = c
	}
	return found
}

func everyByte() byteSet { return byteSet{}.complement() }

func setOf(c byte) byteSet {
	var s byteSet
	s.add(c)
	return s
}

func setOfRanges(bounds string) byteSet {
	var s byteSet
	for i := 0; i+1 < len(bounds); i += 2 {
		s.addRange(bounds[i], bounds[i+1])
	}
	return s
}

// classSet is what %c matches in the C locale; a letter that names no class,
// and everything else, stands for itself.
func classSet(c byte) byteSet {
	bounds := classBounds(c | 0x20)
	if bounds == "" || !isLetter(c) {
		return setOf(c)
	}
	s := setOfRanges(bounds)
	if c < 'a' {
		return s.complement()
	}
	return s
}

// classBounds lists the ranges of a class, as pairs of first and last byte.
func classBounds(lower byte) string {
	switch lower {
	case 'a':
		return "AZaz"
	case 'c':
		return "\x00\x1f\x7f\x7f"
	case 'd':
		return "09"
	case 'l':
		return "az"
	case 'p':
		return "!/:@[`{~"
	case 's':
		return "\t\r  "
	case 'u':
		return "AZ"
	case 'w':
		return "09AZaz"
	case 'x':
		return "09AFaf"
	case 'z':
		return "\x00\x00"
	}
	return ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
