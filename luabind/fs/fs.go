// Package fs is the Lua module fs: files and folders, changed in one step or
// not at all, and foreseen in a dry run.
package fs

import "opslua/luabind"

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "fs",
		Doc: `Files and folders: read, and changed in one step or not at all.

What changes something returns {changed, path, diff}: whether there was
something to do, the path as it was given, and what changed; diff is a unified
diff of a text, "binary, N -> M bytes" or "large, N -> M bytes" (over 1 MiB) of
other content, "" where nothing changes. Without read permission it is not shown.

A new content is written beside the file, made durable, and renamed over it: a
full disk, a refusal or a kill leaves the old file as it was. Mode, owner, access
list and labels stay. What a killed run left behind is removed by the next write
to that file. Other names (hard links) of the file keep the old content. A link
is followed: the file that it names changes. Settings of the kernel in /proc and
/sys are written in place.

What is no regular file (a FIFO, a device, a socket) is refused, not read.

Raises not_found, access (the system refuses), denied (the policy does), io (all
else, no space left included), usage.

In a dry run changes are planned, and what is read afterwards is what it would be.`,
		Funcs: append(readers(), append(writers(), movers()...)...),
		Types: []luabind.Type{{
			Name: "lock",
			Doc:  "A lock on a file, from fs.lock. It ends with the run at the latest.",
			Methods: []luabind.Func{{Name: "unlock", Impl: unlock, Doc: `unlock()

Gives the lock back. A second time it does nothing.`}},
		}},
	}
}

func readers() []luabind.Func {
	return []luabind.Func{
		{Name: "read", Impl: read, Doc: `read(path, [opts]) -> string

Gives the content of a file, bytes as they are. Files of /proc and /sys too.

  path    string
  max     size = 64MiB   more than that raises io
  offset  number = 0     where to begin, in bytes; behind the end there is ""
  length  size           at most so many bytes are read, of whatever there is; all
                         unless given`},
		{Name: "tail", Impl: tail, Doc: `tail(path, [n], [opts]) -> list

Gives the last lines of a file, without their ends. It reads from the end, so a
large file costs no more than a small one. A last newline opens no line.

  path  string
  n     number = 10     how many lines
  max   size = 64MiB    raises io where the lines are longer than that together`},
		{Name: "stat", Impl: stat, Doc: `stat(path, [opts]) -> table

Gives type ("file", "directory", "link", "fifo", "socket", "block", "char"), size
in bytes, mode ("0644"), uid, gid, mtime in Unix seconds, inode and device; of a
link also its target.

  path    string
  follow  boolean = true   false: look at a link itself`},
		{Name: "exists", Impl: exists, Doc: `exists(path) -> boolean

Says whether there is something. A link that leads nowhere does not count. Raises
access where that may not be known.

  path  string`},
		{Name: "list", Impl: list, Doc: `list(path) -> list

Gives the names in a folder, sorted; . and .. are left out.

  path  string`},
		{Name: "glob", Impl: glob, Doc: `glob(pattern, [opts]) -> list

Gives the paths that fit, sorted; {} where there are none. * and ? stand for
characters of one name, [a-z] and [^a-z] for one of them, {a,b} for either, **
for any number of folders, \ takes a character as it is. As in a shell, a wildcard
at the beginning of a name stands for no dot, and links to folders are followed
by * but not by **. A / at the end of the pattern is for folders only.

  pattern  string
  hidden   boolean = false   names that begin with a dot fit wildcards too
  partial  boolean = false   leave out folders that may not be read, instead of
                             raising access`},
		{Name: "hash", Impl: hash, Doc: `hash(path) -> string

Gives the SHA-256 of the content as 64 hexadecimal digits.

  path  string`},
		{Name: "diff", Impl: diffTexts, Doc: `diff(old, new) -> string

Gives a unified diff of two texts; "" where they are equal.

  old  string
  new  string`},
	}
}

// fileOptionsDoc documents what fileOptions takes.
const fileOptionsDoc = `
  mode      string   of octal digits, "0640"; default: as it was, or as the umask wants
  owner     string   "user:group", "user" or ":group", names or numbers
  validate  function(path) or list   looks at the new file before it takes its
            place. false (and nil with a reason) or an error keeps the old one and
            raises; in a command such as {"nginx", "-t", "-c", "{}"} the {} stands
            for the file, and it runs as a probe
  backup    boolean = false   keep the old content as NAME.bak where something changes`

func writers() []luabind.Func {
	return []luabind.Func{
		{Name: "write", Impl: write, Doc: `write(path, text, [opts]) -> {changed, path, diff}

Makes a text the content of a file, in one step. Does nothing where content, mode
and owner are so already.

  path      string
  text      string   or a secret` + fileOptionsDoc},
		{Name: "append", Impl: appendTo, Doc: `append(path, text, [opts]) -> {changed, path, diff}

Adds a text at the end, in place: others that append at the same moment lose
nothing, nor do those who have the file open. What does not fit as a whole is
taken back. With validate the file is replaced in one step instead.

  path      string   made if it is not there
  text      string   or a secret` + fileOptionsDoc},
		{Name: "edit", Impl: edit, Doc: `edit(path, fn, [opts]) -> {changed, path, diff}

Replaces the content by what fn makes of it. Where somebody else changes the file
meanwhile, fn is asked again, up to five times; then it raises io.

  path      string
  fn        function(text)   gives the new text; anything but a string is refused
  max       size = 64MiB   more than that raises io` + fileOptionsDoc},
		{Name: "template", Impl: template, Doc: `template(path, text, values, [opts]) -> {changed, path, diff}

Writes a text in which every {{name}} is replaced by its value. A name that is not
in values, or braces without a name, raise usage; {{{{ writes two braces. Values
are put in as they are, braces in them too.

  path      string
  text      string
  values    table    strings, numbers and secrets by name; those not used do no harm` + fileOptionsDoc},
		{Name: "copy", Impl: copyFile, Doc: `copy(from, to, [opts]) -> {changed, path, diff}

Makes the content of one file that of another, in one step, whatever its size. A
file that is new gets the mode of the first, without setuid and setgid.

  from      string
  to        string   the file itself, not a folder` + fileOptionsDoc},
	}
}

func movers() []luabind.Func {
	return []luabind.Func{
		{Name: "move", Impl: move, Doc: `move(from, to) -> {changed, path, diff}

Gives a file, link or folder another name. A file or link that is there is
replaced in one step. To another file system a file or link is copied with all
that belongs to it, and then removed; a folder is refused. Links are moved, not
followed. Takes the right to read what is moved, too.

  from  string
  to    string   the new name itself, not a folder to put it in`},
		{Name: "link", Impl: link, Doc: `link(target, path) -> {changed, path, diff}

Makes a symbolic link. One that is there is replaced in one step; anything else
that is there is refused.

  target  string   what the link says; need not be there
  path    string   where the link is`},
		{Name: "mkdir", Impl: mkdir, Doc: `mkdir(path, [opts]) -> {changed, path, diff}

Makes a folder and those above it. It may be there already.

  path   string
  mode   string   of octal digits, "0750", for the last one
  owner  string   "user:group" for the last one`},
		{Name: "remove", Impl: remove, Doc: `remove(path, [opts]) -> {changed, path, diff}

Removes a file, link or folder; nothing there is no change. Links are removed, not
followed; a file system that is mounted inside is refused. "/" and "", and
paths that end in . or .., are refused.

  path       string
  recursive  boolean = false   a folder with all that is in it`},
		{Name: "lock", Impl: lock, Doc: `lock(path, [opts]) -> lock

Waits for the lock on a file, which is made if it is not there and stays. Only those
who ask for it are kept out. It ends with unlock, with the run, or with the process;
commands do not inherit it. Raises timeout where somebody else holds it.

  path     string
  timeout  duration = 60s   how long to wait; 0: not at all; false: as long as the script may run`},
	}
}
