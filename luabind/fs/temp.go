package fs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	tempMark  = ".opslua-"
	tempBytes = 8 // of chance in a name
	nameMax   = 255
)

// tempPrefix is how the names of temporary files of a file begin. A name that
// would become too long is cut, and told apart by its hash.
func tempPrefix(name string) string {
	const most = nameMax - 1 - len(tempMark) - 2*tempBytes
	if len(name) > most {
		sum := sha256.Sum256([]byte(name))
		name = name[:most-17] + "~" + hex.EncodeToString(sum[:8])
	}
	return "." + name + tempMark
}

func isTemp(prefix, name string) bool {
	random, ok := strings.CutPrefix(name, prefix)
	return ok && len(random) == 2*tempBytes && strings.Trim(random, "0123456789abcdef") == ""
}

func tempName(prefix string) string {
	var b [tempBytes]byte
	_, _ = rand.Read(b[:])
	return prefix + hex.EncodeToString(b[:])
}

// temp is a new file on its way to a place. Its maker holds a lock on it: one
// without was left behind by a process that is gone. For one goroutine at a
// time, but that discard may come while a step that was left alone still runs.
type temp struct {
	p    *place
	name string
	f    *os.File
	mu   sync.Mutex  // held by the last step, and by discard
	done atomic.Bool // it has taken its place
}

// newTemp makes a temporary file beside the file, after it has removed those
// that are left behind. It closes p where it fails.
func newTemp(p *place, perm uint32) (*temp, error) {
	prefix := tempPrefix(p.name)
	p.sweep(prefix)
	for range 100 {
		name := tempName(prefix)
		f, err := p.open(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, perm)
		if err == unix.EEXIST {
			continue
		}
		if err != nil {
			p.close()
			return nil, err
		}
		t := &temp{p: p, name: name, f: f}
		if t.hold() {
			return t, nil
		}
		_ = f.Close() // somebody tidied it up before it was locked
	}
	p.close()
	return nil, refuse("no temporary file can be made beside it")
}

// hold locks the file; false where another has removed it meanwhile, or will.
func (t *temp) hold() bool {
	if err := flockNow(t.f); err == unix.EWOULDBLOCK {
		return false
	}
	// A file system without locks is swept by nobody.
	var st unix.Stat_t
	return unix.Fstat(int(t.f.Fd()), &st) == nil && st.Nlink > 0
}

func flockNow(f *os.File) error {
	return again(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
}

// discard removes what did not take its place.
func (t *temp) discard() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.done.Load() {
		_ = t.p.unlink(t.name, 0)
	}
	_ = t.f.Close()
	t.p.close()
}

// commit takes the place; its caller holds mu where others know the file.
func (t *temp) commit() error {
	if err := t.p.takes(t.p, t.name); err != nil {
		return err
	}
	t.done.Store(true)
	return t.p.sync()
}

// sweep removes the temporary files of processes that are gone, as far as it can.
func (p *place) sweep(prefix string) {
	names, err := dirNames(p.dir)
	if err != nil {
		return
	}
	for _, name := range names {
		if isTemp(prefix, name) {
			p.sweepOne(name, time.Now().UnixNano())
		}
	}
}

// sweepOnce removes what is left behind beside a file, for a write that makes no
// temporary file itself. Once in a run is enough: a script may append often.
func (v *view) sweepOnce(real string) {
	v.mu.Lock()
	done := v.swept[real]
	if v.swept == nil {
		v.swept = map[string]bool{}
	}
	v.swept[real] = true
	v.mu.Unlock()
	if done {
		return
	}
	p, err := openPlace(real)
	if err != nil {
		return
	}
	defer p.close()
	p.sweep(tempPrefix(p.name))
}

// linkAge is how old a temporary link has to be before it counts as left
// behind: it cannot be locked, and takes its place at once.
const linkAge = 10e9

func (p *place) sweepOne(name string, now int64) {
	in, err := statAt(p.dir, name)
	if err != nil {
		return
	}
	if in.typ == typeLink {
		if now-in.ctime > linkAge {
			_ = p.unlink(name, 0)
		}
		return
	}
	if in.typ != typeFile {
		return
	}
	f, err := p.open(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if flockNow(f) == nil {
		_ = p.unlink(name, 0)
	}
}
