// Package stdlib is what a script finds without installing anything.
package stdlib

import (
	"opslua/luabind"
	"opslua/luabind/check"
	"opslua/luabind/csv"
	"opslua/luabind/fmt"
	"opslua/luabind/fs"
	"opslua/luabind/json"
	"opslua/luabind/log"
	"opslua/luabind/net"
	"opslua/luabind/notify"
	"opslua/luabind/out"
	"opslua/luabind/proc"
	"opslua/luabind/re"
	"opslua/luabind/secret"
	"opslua/luabind/state"
	"opslua/luabind/sys"
	"opslua/luabind/text"
	"opslua/luabind/time"
	"opslua/luabind/toml"
	"opslua/luabind/yaml"
)

// Modules is the one list of all modules.
func Modules() []luabind.Module {
	return append(check.Modules(),
		csv.Module(),
		fmt.Module(),
		fs.Module(),
		json.Module(),
		log.Module(),
		net.Module(),
		notify.Module(),
		out.Module(),
		proc.Module(),
		re.Module(),
		secret.Module(),
		state.Module(),
		sys.Module(),
		text.Module(),
		time.Module(),
		toml.Module(),
		yaml.Module(),
	)
}
