package faults

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what is compared with the formats.
const (
	maxHeard = 4096 // bytes
	maxNest  = 4
)

// verb is one place of a format.
type verb struct {
	from, to int  // in the format
	arg      int  // from 0; -1 for %%
	letter   byte // as in %d
}

var verbForm = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?(?:\[(\d+)\])?([a-zA-Z%])`)

// verbsOf finds the verbs of a format.
func verbsOf(format string) []verb {
	var out []verb
	next := 0
	for _, m := range verbForm.FindAllStringSubmatchIndex(format, -1) {
		v := verb{from: m[0], to: m[1], letter: format[m[6]], arg: -1}
		if v.letter != '%' {
			for _, at := range []int{2, 4} {
				if m[at] >= 0 {
					n, _ := strconv.Atoi(format[m[at]:m[at+1]]) // digits only
					next = n - 1
				}
			}
			v.arg = next
			next++
		}
		out = append(out, v)
	}
	return out
}

// Verbs gives the letters of a format's verbs by the number of their argument,
// such as "0d 1q". Two formats with the same take the same arguments.
func Verbs(format string) string {
	var out []string
	for _, v := range verbsOf(format) {
		if v.arg >= 0 {
			out = append(out, fmt.Sprintf("%d%c", v.arg, v.letter))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// Wordless says whether a format has nothing to translate: no letter outside of
// its verbs.
func Wordless(format string) bool {
	rest := verbForm.ReplaceAllString(format, "")
	return !strings.ContainsFunc(rest, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' })
}

// shape finds the parts of a text that a format made.
type shape struct {
	form  *regexp.Regexp
	verbs []verb
	fixed int    // bytes outside of verbs
	must  string // the longest piece outside of verbs
	plain string // the translation, with %s in the place of each verb
}

// shapesOf makes the formats with words ready to be compared.
func shapesOf(says map[string]string) []shape {
	out := make([]shape, 0, len(says))
	for format, said := range says {
		s := shape{plain: texts(said)}
		form, last := strings.Builder{}, 0
		piece := func(text string) {
			s.fixed += len(text)
			if len(text) > len(s.must) {
				s.must = text
			}
			form.WriteString(regexp.QuoteMeta(text))
		}
		form.WriteString(`(?s)\A`)
		for _, v := range verbsOf(format) {
			piece(format[last:v.from])
			last = v.to
			switch v.letter {
			case '%':
				form.WriteByte('%')
				continue
			case 'q':
				form.WriteString(`("(?:[^"\\]|\\.)*"|'[^']*')`)
			case 'd':
				form.WriteString(`(-?\d+)`)
			default:
				form.WriteString(`(.*?)`)
			}
			s.verbs = append(s.verbs, v)
		}
		piece(format[last:])
		form.WriteString(`\z`)
		s.form = regexp.MustCompile(form.String())
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b shape) int {
		return cmp.Or(cmp.Compare(b.fixed, a.fixed), cmp.Compare(len(a.verbs), len(b.verbs)), strings.Compare(a.plain, b.plain))
	})
	return out
}

// texts turns the verbs of a translation into those for text.
func texts(format string) string {
	out, last := strings.Builder{}, 0
	for _, v := range verbsOf(format) {
		out.WriteString(format[last:v.from])
		last = v.to
		if v.arg < 0 {
			out.WriteString("%%")
		} else {
			fmt.Fprintf(&out, "%%[%d]s", v.arg+1)
		}
	}
	return out.String() + format[last:]
}

// Hear gives a text in the language that was made in English, here or by a
// library. What is not known stays as it is.
func (t *Tongue) Hear(text string) string {
	if len(t.says) == 0 || len(text) > maxHeard {
		return text
	}
	if out, ok := t.hear(text, maxNest); ok {
		return out
	}
	parts := strings.Split(text, "; ")
	for i, p := range parts {
		if out, ok := t.behind(p); ok {
			parts[i] = out
		}
	}
	return strings.Join(parts, "; ")
}

// behind hears a text, or the text behind the one word that names its place.
func (t *Tongue) behind(text string) (string, bool) {
	if out, ok := t.hear(text, maxNest); ok {
		return out, true
	}
	place, rest, ok := strings.Cut(text, " ")
	if !ok {
		return "", false
	}
	out, ok := t.hear(rest, maxNest)
	return place + " " + out, ok
}

// hear compares a text with the formats.
func (t *Tongue) hear(text string, nest int) (string, bool) {
	if nest == 0 {
		return "", false
	}
	shapes := t.shapes()
	for i := range shapes {
		s := &shapes[i]
		if !strings.Contains(text, s.must) {
			continue
		}
		m := s.form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		args := make([]any, 0, len(s.verbs))
		for k, v := range s.verbs {
			arg := m[k+1]
			if v.letter == 's' || v.letter == 'v' {
				if out, ok := t.hear(arg, nest-1); ok {
					arg = out
				}
			}
			args = append(args, arg)
		}
		return fmt.Sprintf(s.plain, args...), true
	}
	return "", false
}
