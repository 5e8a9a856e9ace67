package luabind

// Module is what a script finds under one name: data, safe for concurrent use,
// never changed after it was handed to New.
type Module struct {
	Name string
	// Doc is the manual: the first line says what the module is for, in one
	// sentence. It feeds the REPL's help, opslua doc, completion and the stubs.
	Doc string
	// Global, when set, makes the global itself a function, such as
	// check(name, opts, fn): the module has no Funcs and no Values then.
	Global *Func
	Funcs  []Func
	// Lua, when set, is the module itself: a chunk that returns its table, and
	// reaches the world through other modules alone. It has no Funcs then.
	Lua string
	// Types are the objects that its functions return.
	Types []Type
	// Values are what is no function.
	Values []Value
}

// Value is a member of a module that is no function, made once a run.
type Value struct {
	Name string
	Doc  string
	Make func(c *Call) any
}

// Func is a function of a module, or a method of a Type.
type Func struct {
	Name string
	// Doc begins with the signature on a line of its own, then an empty line,
	// then prose; every argument and option is named in a list, a line each:
	//
	//	run{argv..., opts} -> result
	//
	//	Runs a command and gives a result, whatever its exit status.
	//
	//	  timeout   duration = 60s   deadline; false lifts it
	Doc string
	// Impl begins with c.Unpack (or c.UnpackOpts), which is how tools learn the
	// argument and option names; it must have no effect before.
	Impl func(c *Call) error
}

// Type is a kind of object with methods. Objects are userdata around a Go
// value (Call.NewObject), or plain tables that only share the methods
// (Call.Table with a Type).
type Type struct {
	Name    string
	Doc     string
	Methods []Func
}
