package expr

import (
	"regexp"
	"regexp/syntax"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Limits of patterns. RE2 takes time in proportion to text × pattern, so both
// are bounded: a pattern sees the first 4,096 bytes of a text.
const (
	maxPattern      = 500    // bytes as written
	maxPatternCost  = 5_000  // states of one pattern, repeats written out
	maxPatternsCost = 50_000 // states of all patterns of a condition
	maxPatternText  = 4096   // bytes of the text
)

// compilePattern accepts RE2 patterns of bounded size.
func compilePattern(p string, ignoreCase bool) (*regexp.Regexp, error) {
	if len(p) > maxPattern {
		return nil, errs.Say("pattern is longer than %d characters", maxPattern)
	}
	if ignoreCase {
		p = "(?i)" + p
	}
	if patternCost(p) > maxPatternCost {
		return nil, errs.Say("pattern is too large: its repeats come to more than %d states", maxPatternCost)
	}
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, errs.Say("pattern is not a valid regular expression: %v", err)
	}
	return re, nil
}

// patternCost estimates the states of a pattern without building them; a
// pattern that cannot be read costs nothing.
func patternCost(p string) int {
	re, err := syntax.Parse(p, syntax.Perl)
	if err != nil {
		return 0
	}
	return stateCount(re)
}

func stateCount(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n = min(n+stateCount(sub), 1<<24)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, 1<<24)
}

func (c *Matcher) pattern(val core.Value) error {
	if val.Kind != core.ValueText {
		return errs.Say("%s needs a pattern", c.Op)
	}
	re, err := compilePattern(val.Text, c.ignoreCase)
	if err != nil {
		return err
	}
	want := c.Op == Matches
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		if !set || v.Kind != core.ValueText {
			return false
		}
		text := v.Text
		if len(text) > maxPatternText {
			text = text[:maxPatternText]
		}
		return re.MatchString(text) == want
	}
	return nil
}
