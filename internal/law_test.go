// Package internal_test enforces the law of the house: floors, sizes, docs.
package internal_test

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
)

const module = "github.com/ciclo/ciclo/internal/"

// floor gives the floor of a package below internal, 0 when it is unknown.
func floor(pkg string) int {
	switch top, rest, _ := strings.Cut(pkg, "/"); top {
	case "core", "kit":
		return 1
	case "engine":
		_ = rest
		return 2
	case "access", "inbox", "customer", "lifecycle", "segment", "journey", "message", "loyalty", "feedback", "insight", "predict", "experiment", "connect", "demo":
		return 3
	case "edge":
		return 4
	case "app":
		return 5
	}
	return 0
}

// sideways lists the imports within a floor that are allowed.
func sideways(from, to string) bool {
	if strings.HasPrefix(from, "kit/") || from == "core" {
		return strings.HasPrefix(to, "kit/")
	}
	allowed := map[string][]string{
		"engine/fold": {"engine/expr", "engine/timeline"}, "engine/query": {"engine/fold", "engine/expr", "engine/timeline", "engine/stats"},
		"engine/pipeline": {"engine/timeline", "engine/fold"},
	}
	for _, a := range allowed[from] {
		if to == a {
			return true
		}
	}
	return strings.HasPrefix(to, from+"/")
}

func eachFile(t *testing.T, root string, fn func(path string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fn(filepath.ToSlash(path), src)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	eachFile(t, ".", func(path string, src []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		from := filepath.ToSlash(filepath.Dir(path))
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		if floor(from) == 0 && from != "." {
			t.Errorf("%s: room %s stands on no floor", path, from)
		}
		for _, imp := range f.Imports {
			to := strings.Trim(imp.Path.Value, `"`)
			if to == "net/http" && floor(from) < 4 && from != "kit/httpx" {
				t.Errorf("%s imports net/http below the edge", path)
			}
			to, ours := strings.CutPrefix(to, module)
			if !ours {
				continue
			}
			if floor(to) > floor(from) {
				t.Errorf("%s imports %s, which stands above it", path, to)
			}
			if floor(to) == floor(from) && to != from && floor(from) < 4 && !sideways(from, to) {
				t.Errorf("%s imports %s, which stands beside it", path, to)
			}
		}
	})
}

func TestSizesAndDocs(t *testing.T) {
	t.Parallel()
	docs := map[string]bool{}
	eachFile(t, ".", func(path string, src []byte) {
		lines := bytes.Count(src, []byte("\n"))
		limit := 800
		if strings.HasSuffix(path, "_test.go") {
			limit = 1200
		}
		if lines > limit {
			t.Errorf("%s has %d lines, at most %d are allowed", path, lines, limit)
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		dir := filepath.Dir(path)
		if !strings.HasSuffix(path, "_test.go") {
			docs[dir] = docs[dir] || f.Doc != nil
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s has an init function", path)
			}
		}
		for _, word := range []string{"util", "common", "helpers", "misc", "types"} {
			if f.Name.Name == word || filepath.Base(path) == word+".go" {
				t.Errorf("%s: %s says nothing as a name", path, word)
			}
		}
	})
	for dir, ok := range docs {
		if !ok {
			t.Errorf("package in %s has no doc comment", dir)
		}
	}
}

func TestClockIsInjected(t *testing.T) {
	t.Parallel()
	eachFile(t, ".", func(path string, src []byte) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "kit/clock/") || strings.Contains(path, "dbtest/") {
			return
		}
		sc := bufio.NewScanner(bytes.NewReader(src))
		sc.Buffer(nil, 1<<20)
		for n := 1; sc.Scan(); n++ {
			code, _, _ := strings.Cut(sc.Text(), "//")
			if strings.Contains(code, "time.Now()") {
				t.Errorf("%s:%d asks for the time itself: take a clock", path, n)
			}
		}
	})
}

func TestPlaceholdersAreInOrder(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) != "queries.sql" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, q := range db.MustQueries(string(raw)) {
			if err := db.CheckNumbering(q); err != nil {
				t.Errorf("%s: %s: %v", path, name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
