// Package stdlib is what a script finds without installing anything.
package stdlib

import (
	"opslua/luabind"
	"opslua/luabind/csv"
	"opslua/luabind/fmt"
	"opslua/luabind/json"
	"opslua/luabind/out"
	"opslua/luabind/proc"
	"opslua/luabind/re"
	"opslua/luabind/text"
	"opslua/luabind/time"
	"opslua/luabind/toml"
	"opslua/luabind/yaml"
)

// Modules is the one list of all modules.
func Modules() []luabind.Module {
	return []luabind.Module{
		csv.Module(),
		fmt.Module(),
		json.Module(),
		out.Module(),
		proc.Module(),
		re.Module(),
		text.Module(),
		time.Module(),
		toml.Module(),
		yaml.Module(),
	}
}
