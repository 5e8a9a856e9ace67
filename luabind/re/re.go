// Package re is the Lua module re: regular expressions that take linear time.
package re

import "opslua/luabind"

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "re",
		Doc: "Regular expressions as RE2 has them, in time linear in the text: [[^(\\w+)=(\\d+)$]], (?i) (?m) (?s) (?U), no back-references and no look-around. " +
			"Texts are bytes: a byte that is not UTF-8 counts as one character, and stays as it is. A pattern is compiled once; a bad one raises parse.",
		Funcs: []luabind.Func{
			{Name: "match", Impl: match, Doc: `match(s, pattern, [init]) -> string...

The groups of the first match, or all of it where the pattern has no groups; nil
where nothing matches. A group that took no part is an empty text.

  s        string   the text
  pattern  string   the regular expression
  init     integer  the byte from which to look, as if the text began there;
                    from 1, or negative from the end`},
			{Name: "find", Impl: find, Doc: `find(s, pattern, [init]) -> first, last, string...

Where the first match begins and ends, in bytes from 1, and its groups; nil where
nothing matches.

  s        string   the text
  pattern  string   the regular expression
  init     integer  the byte from which to look, as if the text began there;
                    from 1, or negative from the end`},
			{Name: "all", Impl: all, Doc: `all(s, pattern, [max]) -> list

All matches, one after the other: texts, which are the group where the pattern
has one, or lists of its groups where it has several.

  s        string   the text
  pattern  string   the regular expression
  max      integer  at most so many`},
			{Name: "replace", Impl: replace, Doc: `replace(s, pattern, with, [max]) -> string

The text with all matches replaced. In a text, $1 and ${1} stand for the first
group, ${name} for the group (?P<name>...), $0 for the whole match and $$ for a
dollar. A function gets the groups, or the whole match where there are none; what
it returns stands for the match, which stays where that is nil or false.

  s        string              the text
  pattern  string              the regular expression
  with     string or function  what to put there
  max      integer             at most so many, from the first on`},
			{Name: "split", Impl: split, Doc: `split(s, pattern, [max]) -> list

The pieces of the text between the matches; an empty match cuts between two
characters.

  s        string   the text
  pattern  string   the regular expression
  max      integer  at most so many pieces, the last takes the rest`},
		},
	}
}
