// Package secret is the Lua module secret: texts that a script can hand on but
// not read.
package secret

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/mask"
	"opslua/internal/units"
	"opslua/luabind"
	"opslua/policy"
)

// Module gives the module. Its function file reads by the module fs.
func Module() luabind.Module {
	return luabind.Module{
		Name: "secret",
		Doc: `Secrets: values that can be handed on but not read.

A secret prints as ***. Commands take it as an argument, in their environment
and as input; requests take it in headers and bodies, fs.write, fs.append and
fs.template as content and as a value. Joined with .. it stays a secret:
"Bearer " .. token. Its text is hidden in all that the run writes: output, logs,
errors, audit and reports, quoted and encoded forms included; a text of several
lines line by line. White space around a secret is not hidden. A secret has from
4 bytes, white space around it left out, to 64 KiB; any other length raises
usage.`,
		Funcs: []luabind.Func{
			{Name: "env", Impl: env, Doc: `env(name) -> secret

Takes a secret from the environment. Raises not_found where the variable is not
set, and denied where the policy does not show it.

  name  string  the variable, such as "DB_PASSWORD"`},
			{Name: "file", Impl: file, Doc: `file(path) -> secret

Takes a secret from a file, without one line end at its end. Raises not_found
where there is no such file, access where it may not be read.

  path  string  a regular file of at most 64 KiB`},
			{Name: "value", Impl: value, Doc: `value(text) -> secret

Makes a secret of a text that the script has, such as the output of a password
manager. The text itself stays readable in the script.

  text  string  what nobody else shall see`},
		},
	}
}

func env(c *luabind.Call) error {
	var name string
	if err := c.Unpack("name", &name); err != nil {
		return err
	}
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return c.Usage("name", "%q is no name of a variable", name)
	}
	if err := c.Require(policy.Env{Name: name}); err != nil {
		return err
	}
	environ := c.Environ()
	for i := len(environ) - 1; i >= 0; i-- {
		if text, ok := strings.CutPrefix(environ[i], name+"="); ok {
			return made(c, name, text)
		}
	}
	return luabind.Errorf(luabind.KindNotFound, "%s: the variable %s is not set; set it where opslua is started", c.Name(), name)
}

func value(c *luabind.Call) error {
	var text luabind.Text
	if err := c.Unpack("text", &text); err != nil {
		return err
	}
	return made(c, "a value", string(text))
}

func file(c *luabind.Call) error {
	var path string
	if err := c.Unpack("path", &path); err != nil {
		return err
	}
	text, err := read(c, path)
	if err != nil {
		return err
	}
	if cut, ok := strings.CutSuffix(text, "\n"); ok {
		text = strings.TrimSuffix(cut, "\r")
	}
	return made(c, path, text)
}

// read leaves it to the module fs, which knows what a dry run has written and
// what a test puts in the place of the disk.
func read(c *luabind.Call, path string) (string, error) {
	module, ok := c.Module("fs")
	if !ok {
		return "", luabind.Errorf(luabind.KindUnsupported, "%s: the host has no module fs", c.Name())
	}
	limit := mask.Longest + len("\r\n")
	values, err := c.Invoke(c.L().GetField(module, "read"), path, map[string]any{"max": limit})
	if err != nil {
		return "", inOurName(c, err)
	}
	if len(values) == 1 {
		if text, ok := values[0].(lua.LString); ok {
			return string(text), nil
		}
	}
	return "", luabind.Errorf(luabind.KindIO, "%s: %s cannot be read as a text", c.Name(), path)
}

// inOurName is an error of fs.read as one of the function that the script called.
func inOurName(c *luabind.Call, err error) error {
	var e *luabind.Error
	if c.Context().Err() != nil || !errors.As(err, &e) {
		return err
	}
	own := *e
	if rest, ok := strings.CutPrefix(own.Message, "fs.read"); ok {
		own.Message = c.Name() + rest
	}
	if head, _, limited := strings.Cut(own.Message, " to read; max = "); limited {
		own.Message = head + ", and a secret has at most " + units.FormatBytes(mask.Longest)
	}
	return &own
}

func made(c *luabind.Call, name, text string) error {
	v, err := c.NewSecret(name, text)
	if err != nil {
		return err
	}
	return c.Return(v)
}
