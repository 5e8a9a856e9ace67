// Package luabind embeds Lua scripts that touch a host: a Host holds the
// configuration, Run gives every script a fresh state, and modules are data.
package luabind
