package sys

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/units"
	"opslua/luabind"
)

const (
	mountsPath = "/proc/self/mountinfo"
	maxMounts  = 64 << 20 // bytes of it: room for 100,000 mounts

	defaultEach = 2 * time.Second
	maxAtOnce   = 16 // file systems that are asked at a time
)

// diskOptions is what sys.disks was asked for.
type diskOptions struct {
	skip []string
	only luabind.Opt[[]string]
	all  bool
	each time.Duration
}

// disk is one row: plain data once measured.
type disk struct {
	mount
	usage
	err error
}

// disks measures the mounted file systems.
func disks(c *luabind.Call) error {
	o := diskOptions{each: defaultEach}
	if err := c.Unpack("skip?", &o.skip, "only?", &o.only, "all?", &o.all, "each?", &o.each); err != nil {
		return err
	}
	switch {
	case o.each <= 0:
		return c.Usage("each", "want more than 0")
	case o.only.Off:
		return c.Usage("only", "got false, want a list of mount points")
	}
	if err := grantRead(c, "/proc"); err != nil {
		return err
	}
	data, err := readFile(mountsPath, maxMounts)
	if err != nil {
		return fileError(c, err)
	}
	rows := o.choose(visible(parseMounts(string(data))))
	if err := measureAll(c.Context(), rows, o.each); err != nil {
		return err
	}
	return c.Return(o.table(c, rows))
}

// choose picks the mounts that are asked for, in the order of the system, or of only.
func (o *diskOptions) choose(mounts []mount) []disk {
	var rows []disk
	if o.only.Set {
		for _, want := range o.only.V {
			want = path.Clean(want)
			i := slices.IndexFunc(mounts, func(m mount) bool { return m.path == want })
			if i < 0 {
				rows = append(rows, disk{mount: mount{path: want}, err: errNotMounted})
				continue
			}
			rows = append(rows, disk{mount: mounts[i]})
		}
		return rows
	}
	mounts = slices.DeleteFunc(mounts, func(m mount) bool {
		return slices.Contains(o.skip, m.typ) || !o.all && pseudo(m.typ)
	})
	if !o.all {
		mounts = onceEach(mounts)
	}
	for _, m := range mounts {
		rows = append(rows, disk{mount: m})
	}
	return rows
}

const (
	errNotMounted = errText("nothing is mounted there")
	errNoAnswer   = errText("no answer")
)

// measureAll asks all file systems, several at a time, each with a deadline of
// its own. One that does not answer is left behind. The error is that of ctx.
func measureAll(ctx context.Context, rows []disk, each time.Duration) error {
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxAtOnce)
	for i := range rows {
		d := &rows[i]
		if d.err != nil {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			d.usage, d.err = measure(ctx, &d.mount, each)
		})
	}
	wg.Wait()
	return ctx.Err()
}

// measure asks one file system.
func measure(ctx context.Context, m *mount, each time.Duration) (usage, error) {
	ask := statfs
	if !local(m.typ) {
		ask = statfsApart
	}
	own, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	u, err := ask(own, m.path)
	if errors.Is(err, errNoAnswer) && ctx.Err() == nil {
		err = errText("no answer within " + units.FormatDuration(each))
	}
	return u, err
}

// table makes the rows for Lua.
func (o *diskOptions) table(c *luabind.Call, rows []disk) *lua.LTable {
	out := c.L().CreateTable(len(rows), 0)
	for i := range rows {
		if d := &rows[i]; o.wanted(d) {
			out.Append(d.row(c))
		}
	}
	return out
}

// wanted leaves out, as df does, what has no size, and what this user may not
// look at or has gone meanwhile: nobody asked for it by name.
func (o *diskOptions) wanted(d *disk) bool {
	switch {
	case o.all || o.only.Set:
		return true
	case d.err != nil:
		return !errors.Is(d.err, fs.ErrPermission) && !errors.Is(d.err, fs.ErrNotExist)
	}
	return d.size > 0
}

func (d *disk) row(c *luabind.Call) *lua.LTable {
	t := c.L().CreateTable(0, 12)
	t.RawSetString("mount", lua.LString(d.path))
	if d.typ != "" {
		t.RawSetString("device", lua.LString(d.source))
		t.RawSetString("type", lua.LString(d.typ))
		t.RawSetString("read_only", lua.LBool(d.readOnly))
	}
	if d.err != nil {
		t.RawSetString("err", lua.LString(d.err.Error()))
		return t
	}
	set := func(name string, n float64) { t.RawSetString(name, lua.LNumber(n)) }
	set("size", d.size)
	set("used", d.used)
	set("free", d.free)
	if d.used+d.free > 0 {
		set("used_pct", d.used/(d.used+d.free)*100)
	}
	if d.inodes > 0 {
		set("inodes", d.inodes)
		set("inodes_used", d.inodesUsed)
		set("inodes_pct", d.inodesUsed/d.inodes*100)
	}
	return t
}
