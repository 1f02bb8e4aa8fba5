package db

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"
)

// rewriter opens the comments meant for one engine, remembering each text.
type rewriter struct {
	open, shut *regexp.Regexp
	seen       sync.Map
}

func newRewriter(d Dialect) *rewriter {
	mine, other := "sqlite", "postgres"
	if d == Postgres {
		mine, other = other, mine
	}
	return &rewriter{
		open: regexp.MustCompile(`(?s)/\*` + mine + `:(.*?)\*/`),
		shut: regexp.MustCompile(`(?s)/\*` + other + `:(.*?)\*/`),
	}
}

func (r *rewriter) text(q string) string {
	if !strings.Contains(q, "/*") {
		return q
	}
	if v, ok := r.seen.Load(q); ok {
		return v.(string)
	}
	out := r.shut.ReplaceAllString(r.open.ReplaceAllString(q, "$1"), "")
	r.seen.Store(q, out)
	return out
}

// Queries are named statements read from a .sql text.
type Queries map[string]string

// MustQueries reads a text in which each statement follows a line
// "-- name: some_name". It panics on a malformed text: texts are embedded.
func MustQueries(text string) Queries {
	q := Queries{}
	name := ""
	for line := range strings.SplitSeq(text, "\n") {
		if n, ok := strings.CutPrefix(line, "-- name:"); ok {
			name = strings.TrimSpace(n)
			if _, dup := q[name]; dup || name == "" {
				panic("queries: name missing or twice: " + name)
			}
			q[name] = ""
			continue
		}
		if name == "" {
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "--") {
				panic("queries: text before the first name: " + line)
			}
			continue
		}
		q[name] += line + "\n"
	}
	for n, s := range q {
		q[n] = strings.TrimRight(strings.TrimSpace(s), ";")
	}
	return q
}

// Get gives the statement called name and panics when there is none: names are
// constants of the program.
func (q Queries) Get(name string) string {
	s, ok := q[name]
	if !ok {
		panic("no query named " + name)
	}
	return s
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// CheckNumbering says whether the placeholders of q are numbered in order of
// first appearance, which some drivers depend on.
func CheckNumbering(q string) error {
	next := 1
	for _, m := range placeholder.FindAllStringSubmatch(q, -1) {
		var n int
		if _, err := fmt.Sscanf(m[1], "%d", &n); err != nil {
			return err
		}
		if n > next {
			return fmt.Errorf("$%d appears before $%d", n, next)
		}
		if n == next {
			next++
		}
	}
	return nil
}

// statements splits a migration at semicolons that end a line.
func statements(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ";\n") {
		var keep []string
		for line := range strings.SplitSeq(part, "\n") {
			if !strings.HasPrefix(strings.TrimSpace(line), "--") {
				keep = append(keep, line)
			}
		}
		if s := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.Join(keep, "\n")), ";")); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func migrationNames(f fs.FS) ([]string, error) { return fs.Glob(f, "migrations/*.sql") }
