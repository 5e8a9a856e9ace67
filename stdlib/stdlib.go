// Package stdlib is what a script finds without installing anything.
package stdlib

import (
	"embed"
	"strings"

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

// folder has the modules in Lua: NAME.lua is the module NAME.
//
//go:embed *
var folder embed.FS

// Modules is the one list of all modules.
func Modules() []luabind.Module {
	return append(append(check.Modules(), inLua(folder)...),
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

// inLua are the modules that are written in Lua. What such a file begins with, a
// comment, is its documentation.
func inLua(files embed.FS) []luabind.Module {
	var out []luabind.Module
	entries, _ := files.ReadDir(".") // embedded: it is there
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".lua")
		if !ok {
			continue
		}
		source, _ := files.ReadFile(e.Name())
		out = append(out, luabind.Module{Name: name, Doc: comment(string(source)), Lua: string(source)})
	}
	return out
}

// comment is the text of the comment that a file begins with.
func comment(source string) string {
	var lines []string
	for line := range strings.Lines(source) {
		text, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "--")
		if !ok {
			break
		}
		lines = append(lines, strings.TrimPrefix(text, " "))
	}
	return strings.Join(lines, "\n")
}
