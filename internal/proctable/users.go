package proctable

import (
	"os/user"
	"strconv"
	"sync"
)

// users names the owners of one snapshot, each looked up once. It is safe for
// concurrent use.
type users struct {
	mu    sync.Mutex
	names map[uint32]string
}

// name gives the number itself where the user database has no name for it. A
// static binary sees /etc/passwd only: users of a directory service come as
// numbers.
func (u *users) name(uid uint32) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if name, ok := u.names[uid]; ok {
		return name
	}
	name := strconv.FormatUint(uint64(uid), 10)
	if found, err := user.LookupId(name); err == nil && found.Username != "" {
		name = found.Username
	}
	if u.names == nil {
		u.names = make(map[uint32]string)
	}
	u.names[uid] = name
	return name
}
