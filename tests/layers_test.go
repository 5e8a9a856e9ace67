package tests

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The house: who may import whom. A package that is not named here is a
// mistake, and so is an import that is not.
func mayImport(pkg string) (ours []string, known bool) {
	floor0 := []string{"policy", "internal/escape", "internal/units", "internal/luatable", "internal/luacode",
		"internal/lualib", "internal/proctable", "internal/supervise", "internal/mask", "internal/report",
		"internal/store", "internal/httpclient"}
	switch pkg {
	case "cmd/opslua":
		return []string{"internal/cli"}, true
	case "internal/cli":
		return append(floor0, "luabind", "stdlib", "luabind/check", "luabind/log"), true
	case "stdlib":
		return []string{"luabind", "luabind/*"}, true
	case "luabind":
		return []string{"policy", "internal/escape", "internal/units", "internal/luatable", "internal/luacode",
			"internal/lualib", "internal/supervise", "internal/mask"}, true
	case "internal/supervise":
		return []string{"internal/proctable"}, true
	case "internal/luacode":
		return []string{"internal/luatable", "internal/units"}, true
	case "internal/lualib":
		return []string{"internal/luatable", "internal/luacode", "internal/units"}, true
	case "internal/report":
		return []string{"internal/units", "internal/escape"}, true
	case "internal/mask":
		return []string{"internal/escape"}, true
	case "policy", "internal/store", "internal/httpclient", "internal/escape", "internal/units", "internal/luatable", "internal/proctable":
		return nil, true
	case "tests", "tests/bench":
		return append(floor0, "luabind", "stdlib", "internal/cli"), true
	case "tests/bench/gopherlua", "tests/realhost":
		return nil, true
	}
	if strings.HasPrefix(pkg, "luabind/") {
		return append(floor0, "luabind"), true
	}
	return nil, false
}

// Libraries that one package alone may import.
func ownerOf(path string) []string {
	switch {
	case strings.HasPrefix(path, "github.com/urfave/cli"):
		return []string{"internal/cli"}
	case strings.HasPrefix(path, "github.com/shirou/gopsutil"):
		return []string{"internal/proctable"}
	case strings.HasPrefix(path, "layeh.com/gopher-luar"):
		return []string{"luabind"}
	}
	return nil
}

type goPackage struct {
	ImportPath, Dir string
	Imports         []string
	GoFiles         []string
	TestGoFiles     []string
	XTestGoFiles    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir, cmd.Stderr = "..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, "opslua/")
		may, known := mayImport(pkg)
		if !known {
			t.Errorf("%s: a folder that is not in the table of the house", pkg)
			continue
		}
		for _, path := range p.Imports {
			if own, ok := strings.CutPrefix(path, "opslua/"); ok {
				whole := slices.Contains(may, own) || slices.Contains(may, filepath.Dir(own)+"/*")
				if !whole {
					t.Errorf("%s may not import %s", pkg, own)
				}
				continue
			}
			if owners := ownerOf(path); owners != nil && !slices.Contains(owners, pkg) && !strings.HasPrefix(pkg, "tests") {
				t.Errorf("%s may not import %s: only %v may", pkg, path, owners)
			}
		}
	}
}

// Every folder of luabind that has a module is in the one list of modules.
func TestModulesAreListed(t *testing.T) {
	list, err := os.ReadFile("../stdlib/stdlib.go")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := os.ReadDir("../luabind")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if d.IsDir() && d.Name() != "testdata" && !strings.Contains(string(list), `"opslua/luabind/`+d.Name()+`"`) {
			t.Errorf("luabind/%s is not in stdlib.Modules()", d.Name())
		}
	}
}

const longestFile = 600

func TestFiles(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".lua") || strings.Contains(path, "/testdata/") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := strings.Count(string(data), "\n"); n > longestFile {
			t.Errorf("%s has %d lines, more than %d", path, n, longestFile)
		}
		if strings.Contains(string(data), "//no"+"lint") {
			t.Errorf("%s turns a check off", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tables are package-level variables that are no sentinel errors. They are set
// once, where they are declared, and the test below finds a write to them.
func tables(name string) bool {
	switch name {
	case "internal/lualib.layout", // where the VM's fields lie, found by reflection
		"internal/report.htmlFiles", "stdlib.folder": // embedded
		return true
	}
	return false
}

func TestHabits(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, "opslua/")
		if strings.HasPrefix(pkg, "tests") {
			continue
		}
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		// Imports are not followed: which name is a variable of this package is
		// known without them, and the errors that this makes do not matter.
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: nothing{}, Error: func(error) {}}
		checked, _ := config.Check(p.ImportPath, fset, files, info)
		global := func(id *ast.Ident) bool {
			v, ok := info.Uses[id].(*types.Var)
			return ok && v.Parent() == checked.Scope()
		}
		for _, f := range files {
			for _, decl := range f.Decls {
				checkDecl(t, fset, pkg, decl)
			}
			checkUses(t, fset, pkg, f, global)
		}
	}
}

type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not followed") }

func checkDecl(t *testing.T, fset *token.FileSet, pkg string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.Name == "init" && d.Recv == nil {
			t.Errorf("%s: init()", fset.Position(d.Pos()))
		}
	case *ast.GenDecl:
		if d.Tok != token.VAR {
			return
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				if name.Name == "_" {
					continue
				}
				if !sentinel(v, i) && !tables(pkg+"."+name.Name) {
					t.Errorf("%s: the package-level variable %s is neither a sentinel error nor a table that is listed", fset.Position(name.Pos()), name.Name)
				}
			}
		}
	}
}

// sentinel says that a variable is an error that is only compared with.
func sentinel(v *ast.ValueSpec, i int) bool {
	if i >= len(v.Values) || !strings.HasPrefix(strings.ToLower(v.Names[i].Name), "err") {
		return false
	}
	call, ok := v.Values[i].(*ast.CallExpr)
	if !ok {
		return false
	}
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		return ok && x.Name == "errors" && f.Sel.Name == "New"
	case *ast.Ident:
		return f.Name == "constError" || f.Name == "errText"
	}
	return false
}

// checkUses finds writes to package-level variables, and os.Exit.
func checkUses(t *testing.T, fset *token.FileSet, pkg string, f *ast.File, global func(*ast.Ident) bool) {
	written := func(e ast.Expr, how string) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
				continue
			case *ast.SelectorExpr:
				e = x.X
				continue
			case *ast.Ident:
				if global(x) {
					t.Errorf("%s: the package-level variable %s is %s", fset.Position(x.Pos()), x.Name, how)
				}
			}
			return
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			for _, l := range x.Lhs {
				written(l, "written")
			}
		case *ast.IncDecStmt:
			written(x.X, "written")
		case *ast.UnaryExpr:
			if x.Op == token.AND {
				written(x.X, "handed out by its address")
			}
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && id.Name == "os" && x.Sel.Name == "Exit" && pkg != "cmd/opslua" {
				t.Errorf("%s: os.Exit outside of cmd/opslua", fset.Position(x.Pos()))
			}
		}
		return true
	})
}
