package lualib

import "opslua/internal/luacode"

// FormatNumber is the text of a number: integers in full, fractions with as
// many digits as it takes to read the same number back, inf, -inf, nan.
func FormatNumber(v float64) string { return luacode.FormatNumber(v) }

// ParseNumber reads a number as tonumber does: decimal, with an exponent, or
// 0x; never octal.
func ParseNumber(s string) (float64, bool) { return luacode.ParseNumber(s) }
