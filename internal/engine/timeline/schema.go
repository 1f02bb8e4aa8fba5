package timeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Layout of a file. The columns that every scan reads have one page per block of
// blockRows rows; the others have smaller pages, so that reading the few rows of
// one customer opens little.
const (
	blockRows = 8192
	coldRows  = 1024
	groupRows = 16 * blockRows

	maxTyped     = 64      // property columns of a file
	typedShare   = 100     // a property needs a column from 1/typedShare of the rows on
	maxDict      = 1 << 20 // bytes of a dictionary, beyond which pages are plain
	manyValues   = 1000    // distinct values in a sample, beyond which there is no dictionary
	maxRestKeys  = 512     // listed keys left in JSON
	layoutFormat = 1

	metaKey = "ciclo.timeline"
)

// typedColumn is one property column.
type typedColumn struct {
	Path   string    `json:"p"`
	Column string    `json:"c"`
	Type   valueType `json:"t"`
	Many   bool      `json:"m,omitempty"` // too many values for a dictionary
}

// layout says what a file holds beside the columns that each has. It is stored
// in the file's metadata.
type layout struct {
	Format  int           `json:"format"`
	Typed   []typedColumn `json:"typed,omitempty"`
	Context []string      `json:"context,omitempty"` // context columns that are not all empty
	Many    []string      `json:"many,omitempty"`    // those of them with too many values for a dictionary
	// RestKeys are the top-level keys with values left in the props JSON; when
	// RestAny is set there may be others.
	RestKeys []string `json:"rest_keys,omitempty"`
	RestAny  bool     `json:"rest_any,omitempty"`
	// Props counts the values of each property by type, for choosing columns
	// when files are merged.
	Props []propCount `json:"props,omitempty"`
}

type propCount struct {
	Path    string `json:"p"`
	Texts   int64  `json:"s,omitempty"`
	Numbers int64  `json:"n,omitempty"`
	Bools   int64  `json:"b,omitempty"`
	Many    bool   `json:"m,omitempty"`

	seen map[string]struct{} // values of the sample
}

func (p *propCount) total() int64 { return p.Texts + p.Numbers + p.Bools }

// propCounts counts property values by type.
type propCounts map[string]*propCount

func (c propCounts) add(key, raw []byte, t valueType) {
	p := c[string(key)]
	if p == nil {
		if len(c) >= 8*maxRestKeys {
			return
		}
		p = &propCount{Path: string(key)}
		c[p.Path] = p
	}
	if !p.Many {
		p.seen, p.Many = oneMore(p.seen, text(raw))
	}
	switch t {
	case typeText:
		p.Texts++
	case typeNumber:
		p.Numbers++
	case typeBool:
		p.Bools++
	}
}

// oneMore notes a value of a sample and says whether there are too many for a
// dictionary.
func oneMore(seen map[string]struct{}, value string) (map[string]struct{}, bool) {
	if seen == nil {
		seen = map[string]struct{}{}
	}
	seen[value] = struct{}{}
	if len(seen) > manyValues {
		return nil, true
	}
	return seen, false
}

func (c propCounts) merge(list []propCount) {
	for _, o := range list {
		p := c[o.Path]
		if p == nil {
			p = &propCount{Path: o.Path}
			c[o.Path] = p
		}
		p.Texts, p.Numbers, p.Bools, p.Many = p.Texts+o.Texts, p.Numbers+o.Numbers, p.Bools+o.Bools, p.Many || o.Many
	}
}

// top gives the most common properties first, at most n.
func (c propCounts) top(n int) []propCount {
	out := make([]propCount, 0, len(c))
	for _, p := range c {
		if p.total() > 0 {
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b propCount) int {
		if a.total() != b.total() {
			return cmp.Compare(b.total(), a.total())
		}
		return cmp.Compare(a.Path, b.Path)
	})
	return out[:min(n, len(out))]
}

// choose picks the property columns of a file of about rows rows: one for the
// most common type of a property and one for the next.
func (c propCounts) choose(rows int64) []typedColumn {
	var out []typedColumn
	used := map[string]bool{}
	for _, p := range c.top(maxTyped) {
		if p.total()*typedShare < rows {
			continue
		}
		kinds := []struct {
			t valueType
			n int64
		}{{typeText, p.Texts}, {typeNumber, p.Numbers}, {typeBool, p.Bools}}
		slices.SortStableFunc(kinds, func(a, b struct {
			t valueType
			n int64
		}) int {
			return cmp.Compare(b.n, a.n)
		})
		for i, k := range kinds[:2] {
			name := propPrefix + p.Path
			if i > 0 {
				name += [...]string{"", "~text", "~number", "~bool"}[k.t]
			}
			if k.n > 0 && !used[name] && len(out) < maxTyped {
				used[name] = true
				out = append(out, typedColumn{Path: p.Path, Column: name, Type: k.t, Many: p.Many && k.t != typeBool})
			}
		}
	}
	return out
}

// schemaOf builds the columns of a file.
func schemaOf(l *layout) *parquet.Schema {
	fast := &zstd.Codec{Level: zstd.SpeedFastest}
	raw := func(n parquet.Node) parquet.Node { return parquet.Compressed(n, &parquet.Uncompressed) }
	packed := func(n parquet.Node) parquet.Node { return parquet.Compressed(n, fast) }
	delta := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.DeltaBinaryPacked) }
	number := func() parquet.Node { return raw(delta(parquet.Int(64))) }
	instant := func() parquet.Node { return raw(delta(parquet.Timestamp(parquet.Microsecond))) }
	dict := func(n parquet.Node) parquet.Node { return packed(parquet.Encoded(n, &parquet.RLEDictionary)) }
	long := func(n parquet.Node) parquet.Node {
		return packed(parquet.Encoded(n, &parquet.DeltaLengthByteArray))
	}
	g := parquet.Group{
		"customer": number(), "actor": number(), "time": instant(), "received": instant(), "original": packed(delta(parquet.Int(64))),
		"sent": packed(delta(parquet.Int(64))), "seq": number(), "source": number(), "flags": number(), "kind": raw(delta(parquet.Int(32))),
		"event": raw(parquet.Encoded(parquet.String(), &parquet.RLEDictionary)),
		"id":    long(parquet.String()), "props": long(parquet.String()), "rest": long(parquet.String()),
	}
	for _, name := range l.Context {
		if g["context."+name] = dict(parquet.String()); slices.Contains(l.Many, name) {
			g["context."+name] = long(parquet.String())
		}
	}
	for _, t := range l.Typed {
		n := packed(parquet.Leaf(parquet.BooleanType))
		switch {
		case t.Type == typeText && t.Many:
			n = long(parquet.String())
		case t.Type == typeText:
			n = dict(parquet.String())
		case t.Type == typeNumber && t.Many:
			n = packed(parquet.Leaf(parquet.DoubleType))
		case t.Type == typeNumber:
			n = dict(parquet.Leaf(parquet.DoubleType))
		}
		g[t.Column] = parquet.Optional(n)
	}
	return parquet.NewSchema("timeline", g)
}

func (l *layout) encode() (string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("write file layout: %w", err)
	}
	return string(b), nil
}

func decodeLayout(s string) (*layout, error) {
	l := &layout{}
	if err := json.Unmarshal([]byte(s), l); err != nil {
		return nil, fmt.Errorf("read file layout: %w", err)
	}
	if l.Format != layoutFormat {
		return nil, fmt.Errorf("file layout %d is not known: a newer version wrote it", l.Format)
	}
	return l, nil
}

// shortPages gives the columns whose pages are shorter than a block.
func (l *layout) shortPages() map[string]bool {
	out := map[string]bool{"id": true, "props": true, "rest": true, "actor": true, "received": true, "original": true, "sent": true}
	for _, name := range l.Context {
		out["context."+name] = true
	}
	for _, t := range l.Typed {
		if t.Many {
			out[t.Column] = true
		}
	}
	return out
}

// mayHoldRest says whether a value of path may stand in the props JSON of the
// file, outside the typed columns.
func (l *layout) mayHoldRest(path string, keys map[string]bool) bool {
	if l.RestAny || keys[path] || strings.ContainsAny(path, `*?|#@!{}[]()=<>%\:"~`) {
		return true
	}
	for i := range len(path) {
		if path[i] == '.' && keys[path[:i]] {
			return true
		}
	}
	return strings.HasPrefix(path, ".")
}

func sortedKeys(m map[EventKey]keyStat) []EventKey {
	out := make([]EventKey, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b EventKey) int {
		if a.Kind != b.Kind {
			return cmp.Compare(a.Kind, b.Kind)
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out
}
