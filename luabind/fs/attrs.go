package fs

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// dress gives a new file the owner, the extended attributes (access lists and
// labels among them) and the mode of the old one, as far as the options do not
// say otherwise. Old is nil for a file that is new.
func dress(f *os.File, old *os.File, oldInfo *info, o *fileOptions) error {
	fd := int(f.Fd())
	now, err := statFd(fd)
	if err != nil {
		return err
	}
	mode, uid, gid, isSet := o.of(oldInfo)
	if err := chown(fd, &now, uid, gid); err != nil {
		return err
	}
	if old != nil {
		if err := copyXattrs(fd, int(old.Fd()), false); err != nil {
			return err
		}
	}
	if !isSet {
		return nil
	}
	return chmod(fd, mode) // last: a change of owner clears setuid, an access list the group's bits
}

func chown(fd int, now *info, uid, gid int) error {
	if (uid < 0 || uid == int(now.uid)) && (gid < 0 || gid == int(now.gid)) {
		return nil
	}
	if err := again(func() error { return unix.Fchown(fd, uid, gid) }); err != nil {
		return fmt.Errorf("it cannot belong to %s: %w", ownerText(uid, gid), err)
	}
	return nil
}

func ownerText(uid, gid int) string {
	switch {
	case gid < 0:
		return fmt.Sprintf("user %d", uid)
	case uid < 0:
		return fmt.Sprintf("group %d", gid)
	}
	return fmt.Sprintf("%d:%d", uid, gid)
}

func chmod(fd int, mode uint32) error {
	if err := again(func() error { return unix.Fchmod(fd, mode) }); err != nil {
		return fmt.Errorf("it cannot have the mode %s: %w", modeText(mode), err)
	}
	return nil
}

// accessList is the attribute in which a folder's default list is inherited.
const accessList = "system.posix_acl_access"

// copyXattrs makes the extended attributes of a file those of another; sameText
// says that it has the same content too.
func copyXattrs(to, from int, sameText bool) error {
	want, err := listXattrs(from, sameText)
	if err != nil {
		return err
	}
	have, err := listXattrs(to, sameText)
	if err != nil {
		return err
	}
	for _, name := range want {
		if err := copyXattr(to, from, name); err != nil {
			return fmt.Errorf("its attribute %s cannot be kept: %w", name, err)
		}
	}
	if slices.Contains(have, accessList) && !slices.Contains(want, accessList) {
		return unix.Fremovexattr(to, accessList)
	}
	return nil
}

// listXattrs leaves out those which belong to the content and not to the name,
// unless that stays: capabilities and signatures are not for a new text.
func listXattrs(fd int, sameText bool) ([]string, error) {
	list, err := sized(func(buf []byte) (int, error) { return unix.Flistxattr(fd, buf) })
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var out []string
	for _, name := range bytes.Split(bytes.TrimRight(list, "\x00"), []byte{0}) {
		switch string(name) {
		case "":
			continue
		case "security.capability", "security.ima", "security.evm":
			if !sameText {
				continue
			}
		}
		out = append(out, string(name))
	}
	return out, nil
}

func copyXattr(to, from int, name string) error {
	want, err := sized(func(buf []byte) (int, error) { return unix.Fgetxattr(from, name, buf) })
	if err != nil {
		return err
	}
	if have, err := sized(func(buf []byte) (int, error) { return unix.Fgetxattr(to, name, buf) }); err == nil && bytes.Equal(have, want) {
		if len(have) > 0 {
			return nil
		}
	}
	err = unix.Fsetxattr(to, name, want, 0)
	if err == unix.ENOTSUP {
		return nil
	}
	return err
}

// sized calls what fills a buffer whose size it tells only when asked. Where
// there are no such attributes there is nothing.
func sized(get func([]byte) (int, error)) ([]byte, error) {
	for range 10 {
		n, err := get(nil)
		switch err {
		case nil:
		case unix.ENOTSUP, unix.ENODATA, unix.ENOSYS:
			return nil, nil
		default:
			return nil, err
		}
		if n == 0 {
			return nil, nil
		}
		buf := make([]byte, n)
		n, err = get(buf)
		if err == unix.ERANGE {
			continue // it has grown
		}
		if err != nil {
			return nil, err
		}
		return buf[:n], nil
	}
	return nil, unix.ERANGE
}
