package yaml

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"go.yaml.in/yaml/v3"

	"opslua/luabind"
)

// scalar makes the value of a node without content.
func (b *builder) scalar(n *yaml.Node) (lua.LValue, error) {
	if n.Style&yaml.TaggedStyle != 0 {
		return b.tagged(n)
	}
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 {
		return lua.LString(n.Value), nil
	}
	switch {
	case isNull(n.Value):
		return b.null, nil
	case isBool(n.Value):
		return lua.LBool(n.Value[0]|0x20 == 't'), nil
	case isInt10(n.Value), isIntOther(n.Value):
		return b.integer(n)
	case isFloat(n.Value):
		return b.float(n)
	}
	return lua.LString(n.Value), nil
}

// tagged is scalar for a node that says itself what it is.
func (b *builder) tagged(n *yaml.Node) (lua.LValue, error) {
	fits := false
	switch tag := n.ShortTag(); tag {
	case "!!str":
		return lua.LString(n.Value), nil
	case "!!null":
		if isNull(n.Value) {
			return b.null, nil
		}
	case "!!bool":
		if fits = isBool(n.Value); fits {
			return lua.LBool(n.Value[0]|0x20 == 't'), nil
		}
	case "!!int":
		if isInt10(n.Value) || isIntOther(n.Value) {
			return b.integer(n)
		}
	case "!!float":
		if isFloat(n.Value) || isInt10(n.Value) {
			return b.float(n)
		}
	default:
		return nil, b.badTag(n)
	}
	return nil, b.failAt(n, "%q is not what its tag %s says", cut(n.Value), n.ShortTag())
}

// The plain scalars of the core schema, YAML 1.2.2 section 10.3.2.

func isNull(s string) bool {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

func isBool(s string) bool {
	switch s {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return true
	}
	return false
}

// isInt10 takes [-+]?[0-9]+; a zero in front does not make it octal.
func isInt10(s string) bool {
	s = unsigned(s)
	return s != "" && digits(s) == len(s)
}

// isIntOther takes 0o[0-7]+ and 0x[0-9a-fA-F]+.
func isIntOther(s string) bool {
	if len(s) < 3 || s[0] != '0' || s[1] != 'o' && s[1] != 'x' {
		return false
	}
	for _, d := range []byte(s[2:]) {
		octal := d >= '0' && d <= '7'
		if hex := octal || d == '8' || d == '9' || d|0x20 >= 'a' && d|0x20 <= 'f'; !octal && (s[1] == 'o' || !hex) {
			return false
		}
	}
	return true
}

// isFloat takes [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?, and the
// words for infinities and for what is no number.
func isFloat(s string) bool {
	switch s {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	s = unsigned(s)
	switch s {
	case ".inf", ".Inf", ".INF":
		return true
	}
	whole := digits(s)
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		part := digits(s[1:])
		if whole == 0 && part == 0 {
			return false
		}
		s = s[1+part:]
	} else if whole == 0 {
		return false
	}
	if s != "" && s[0]|0x20 == 'e' {
		exponent := unsigned(s[1:])
		return exponent != "" && digits(exponent) == len(exponent)
	}
	return s == ""
}

func unsigned(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

// digits is how many digits a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// maxDigits is how long a number is at most.
const maxDigits = 1000

// integer reads a number without fraction; beyond 2^53 it is a string of digits.
func (b *builder) integer(n *yaml.Node) (lua.LValue, error) {
	text, base := strings.TrimPrefix(n.Value, "+"), 10
	if isIntOther(text) {
		base = 8
		if text[1] == 'x' {
			base = 16
		}
		text = text[2:]
	}
	if len(text) > maxDigits {
		return nil, b.failAt(n, "a number of more than %d digits", maxDigits)
	}
	if v, err := strconv.ParseInt(text, base, 64); err == nil {
		return luabind.Int(v), nil
	}
	large, ok := new(big.Int).SetString(text, base)
	if !ok {
		return nil, b.failAt(n, "a malformed number")
	}
	return lua.LString(large.String()), nil
}

func (b *builder) float(n *yaml.Node) (lua.LValue, error) {
	s := strings.ToLower(n.Value)
	switch unsigned(s) {
	case ".nan":
		return lua.LNumber(math.NaN()), nil
	case ".inf":
		if s[0] == '-' {
			return lua.LNumber(math.Inf(-1)), nil
		}
		return lua.LNumber(math.Inf(1)), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, b.failAt(n, "the number %s is too large", cut(n.Value))
	}
	return lua.LNumber(f), nil
}
