package policy

import "strings"

// envName is a pattern of env.
type envName struct {
	name   string
	prefix bool // it ended in *
}

func parseEnv(entry string) (*envName, error) {
	name, prefix := strings.CutSuffix(entry, "*")
	switch {
	case name == "":
		return nil, errText("a bare * is no name")
	case strings.ContainsAny(name, "*"):
		return nil, errText("* stands at the end only")
	case strings.ContainsAny(name, "= \\\"'?[{"):
		return nil, errText("it is no name of a variable")
	}
	return &envName{name, prefix}, nil
}

func (p *envName) matches(a Action, deny bool) bool {
	e, ok := a.(Env)
	switch {
	case !ok:
		return false
	case !p.prefix:
		return e.Name == p.name
	}
	return strings.HasPrefix(e.Name, p.name) && (deny || !Dangerous(e.Name))
}

// Dangerous says of an environment variable that through it a program is made to
// load or run what somebody else chose: no wildcard lets it pass.
func Dangerous(name string) bool {
	switch name {
	case "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "CDPATH",
		"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PERL5LIB", "PERL5OPT", "PERL5DB", "PERLLIB",
		"RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "NODE_PATH",
		"GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "EDITOR",
		"GCONV_PATH", "LOCPATH", "JAVA_TOOL_OPTIONS":
		return true
	}
	for _, prefix := range []string{"LD_", "GIT_SSH", "GIT_CONFIG", "BASH_FUNC_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	// http_proxy is written small; and a name that no shell assigns is a
	// function that one exported.
	return strings.HasSuffix(strings.ToUpper(name), "_PROXY") || !isIdentifier(name)
}

func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return s != ""
}

// procName is a pattern of signal.
type procName string

func parseName(entry string) (procName, error) {
	glyphs, err := parseGlyphs(entry)
	if err != nil {
		return "", err
	}
	name, isText := plain(glyphs)
	if !isText {
		return "", errText(`a process is named in full; write \* and \? for the characters`)
	}
	return procName(name), nil
}

func (p procName) matches(a Action, _ bool) bool {
	s, ok := a.(Signal)
	return ok && s.Name == string(p)
}
