// Command gopherlua is the bare interpreter that the benchmarks compare with.
package main

import (
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
)

func main() {
	l := lua.NewState()
	defer l.Close()
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "-e":
		err = l.DoString(os.Args[2])
	case len(os.Args) == 2:
		err = l.DoFile(os.Args[1])
	default:
		err = fmt.Errorf("usage: gopherlua FILE | -e CODE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
