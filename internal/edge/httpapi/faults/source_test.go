package faults_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// internal is the folder of all rooms.
const internal = "../../.."

// source is what the rooms say in refusals.
type source struct {
	fset   *token.FileSet
	files  map[string][]*ast.File // by package name
	makers map[string]int         // pkg.Func: the place of its format
	said   map[string]string      // format: where
	faults []string
}

// base are the makers of kit/errs.
func base() map[string]int {
	return map[string]int{"errs.New": 2, "errs.Field": 2, "errs.Wrap": 3, "errs.Say": 0}
}

// readSource parses all rooms and collects the formats of their refusals.
func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{fset: token.NewFileSet(), files: map[string][]*ast.File{}, makers: base(), said: map[string]string{}}
	err := filepath.WalkDir(internal, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(s.fset, path, nil, parser.SkipObjectResolution)
		if err == nil && f.Name.Name != "errs" && f.Name.Name != "faults" {
			s.files[f.Name.Name] = append(s.files[f.Name.Name], f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := -1; n != len(s.makers); { // makers that call makers
		n = len(s.makers)
		s.eachFunc(s.findMaker)
	}
	s.eachFunc(s.collect)
	return s
}

func (s *source) eachFunc(fn func(pkg string, d *ast.FuncDecl, body ast.Node)) {
	for pkg, files := range s.files {
		for _, f := range files {
			for _, d := range f.Decls {
				if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
					fn(pkg, fd, fd.Body)
				} else if !ok {
					fn(pkg, nil, d)
				}
			}
		}
	}
}

// formatAt gives the place of a parameter called format before the arguments.
func formatAt(d *ast.FuncDecl) int {
	if d == nil {
		return -1
	}
	at := 0
	for _, p := range d.Type.Params.List {
		for _, name := range p.Names {
			if name.Name == "format" {
				return at
			}
			at++
		}
	}
	return -1
}

// format gives what a call passes as format, when it calls a maker.
func (s *source) format(pkg string, n ast.Node) (ast.Expr, string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil, ""
	}
	var names []string
	switch f := call.Fun.(type) {
	case *ast.Ident:
		names = []string{pkg + "." + f.Name}
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			names = append(names, x.Name+"."+f.Sel.Name)
			if s.files[x.Name] != nil || x.Name == "errs" { // a function of another package
				break
			}
		}
		names = append(names, pkg+"."+f.Sel.Name) // a method
	}
	for _, name := range names {
		if at, ok := s.makers[name]; ok && at < len(call.Args) {
			return call.Args[at], name
		}
	}
	return nil, ""
}

func (s *source) findMaker(pkg string, d *ast.FuncDecl, body ast.Node) {
	at := formatAt(d)
	if at < 0 {
		return
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if arg, _ := s.format(pkg, n); arg != nil {
			if id, ok := arg.(*ast.Ident); ok && id.Name == "format" {
				s.makers[pkg+"."+d.Name.Name] = at
			}
		}
		return true
	})
}

func (s *source) collect(pkg string, d *ast.FuncDecl, body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		s.forbid(pkg, n)
		arg, maker := s.format(pkg, n)
		if arg == nil {
			return true
		}
		if id, ok := arg.(*ast.Ident); ok && id.Name == "format" && formatAt(d) >= 0 {
			return true // its callers are looked at
		}
		if text, ok := literal(arg); ok {
			at := s.fset.Position(n.Pos())
			s.said[text] = at.String()
			if text == "%s" && filepath.Base(at.Filename) != "problem.go" { // there it is translated already
				s.fault(n, "text that is passed on as %s is not translated: pass what can say itself, as %v")
			}
		} else {
			s.fault(n, maker+" takes a format that is no literal: it cannot be translated")
		}
		return true
	})
}

// forbid finds messages that are made in a way that cannot be translated.
func (s *source) forbid(pkg string, n ast.Node) {
	switch x := n.(type) {
	case *ast.CompositeLit:
		name := ""
		switch t := x.Type.(type) {
		case *ast.Ident:
			name = pkg + "." + t.Name
		case *ast.SelectorExpr:
			name = fmt.Sprint(t.X, ".", t.Sel)
		}
		file := filepath.Base(s.fset.Position(n.Pos()).Filename)
		if name == "errs.Error" || name == "expr.Error" && pkg != "expr" || (name == "httpapi.Problem" || name == "httpapi.FieldProblem") && file != "problem.go" {
			if len(x.Elts) > 0 {
				s.fault(n, name+" is made without a format: it cannot be translated")
			}
		}
	case *ast.CallExpr:
		f, ok := x.Fun.(*ast.SelectorExpr)
		if !ok || pkg != "expr" && pkg != "query" || len(x.Args) == 0 {
			return
		}
		name := fmt.Sprint(f.X, ".", f.Sel)
		text, _ := literal(x.Args[0])
		if name == "errors.New" || name == "fmt.Errorf" && !strings.Contains(text, "%w") {
			s.fault(n, "a fault of a condition or query is made by errs.Say: it reaches people")
		}
	}
}

func (s *source) fault(n ast.Node, text string) {
	s.faults = append(s.faults, s.fset.Position(n.Pos()).String()+": "+text)
}

func literal(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok := literal(x.X)
		b, also := literal(x.Y)
		return a + b, ok && also && x.Op == token.ADD
	case *ast.ParenExpr:
		return literal(x.X)
	}
	return "", false
}

// sortedKeys keeps the order of failures the same.
func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
