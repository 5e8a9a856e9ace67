// Package stdlib is what a script finds without installing anything.
package stdlib

import (
	"opslua/luabind"
	"opslua/luabind/fmt"
	"opslua/luabind/json"
	"opslua/luabind/out"
	"opslua/luabind/proc"
	"opslua/luabind/time"
)

// Modules is the one list of all modules.
func Modules() []luabind.Module {
	return []luabind.Module{
		fmt.Module(),
		json.Module(),
		out.Module(),
		proc.Module(),
		time.Module(),
	}
}
