// Package proc is the Lua module proc: commands and processes. It translates
// between Lua and the packages supervise and proctable, and asks the policy.
package proc

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/supervise"
	"opslua/luabind"
)

// Module gives the module.
func Module() luabind.Module {
	funcs := append((&preset{}).funcs(),
		luabind.Func{Name: "which", Doc: docWhich, Impl: which},
		luabind.Func{Name: "quote", Doc: docQuote, Impl: quote},
		luabind.Func{Name: "list", Doc: docList, Impl: list},
		luabind.Func{Name: "get", Doc: docGet, Impl: get},
		luabind.Func{Name: "tree", Doc: docTree, Impl: tree},
		luabind.Func{Name: "ancestors", Doc: docAncestors, Impl: ancestors},
		luabind.Func{Name: "wait", Doc: docWait, Impl: wait},
		luabind.Func{Name: "signal", Doc: docSignal, Impl: send},
		luabind.Func{Name: "stop", Doc: docStop, Impl: stop},
	)
	return luabind.Module{
		Name:  "proc",
		Doc:   docModule,
		Funcs: funcs,
		Types: []luabind.Type{
			{Name: "result", Doc: docResult, Methods: textMethods()},
			{Name: "handle", Doc: docHandle, Methods: handleMethods()},
			{Name: "node", Doc: docNode, Methods: treeMethods()},
		},
	}
}

// which finds a program as a command would.
func which(c *luabind.Call) error {
	var name string
	if err := c.Unpack("name", &name); err != nil {
		return err
	}
	path, err := supervise.LookPath(name, "", c.Environ())
	if err != nil {
		if kindOf(err) == luabind.KindUsage || strings.IndexByte(name, 0) >= 0 {
			return c.Usage("name", "%s", err)
		}
		return c.Return(nil)
	}
	return c.Return(absolute(path))
}

// quote writes a command so that a shell reads the same words.
func quote(c *luabind.Call) error {
	var argv []string
	var list *lua.LTable
	if err := c.Unpack("argv", &list); err != nil {
		return err
	}
	if err := c.UnpackValue("argv", list, "argv...", &argv); err != nil {
		return err
	}
	return c.Return(supervise.Quote(argv))
}
