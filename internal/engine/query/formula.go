package query

import (
	"math"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// formula is arithmetic over series, in postfix order.
type formula struct{ ops []op }

type op struct {
	kind   byte // 'n' number, 's' series, or an operator; '~' negates
	number float64
	series int
}

const maxFormula = 200

// formulaReader reads the grammar: sum of products of signed factors.
type formulaReader struct {
	text   string
	at     int
	series int
	out    []op
	depth  int
}

// parseFormula reads text over so many series.
func parseFormula(text string, series int) (*formula, error) {
	if strings.TrimSpace(text) == "" || len(text) > maxFormula {
		return nil, errs.Say("must be a formula of 1 to %d characters such as A / B", maxFormula)
	}
	p := &formulaReader{text: text, series: series}
	if err := p.sum(); err != nil {
		return nil, err
	}
	if c := p.peek(); c != 0 {
		return nil, errs.Say("has an unexpected %q at position %d", c, p.at+1)
	}
	return &formula{p.out}, nil
}

func (p *formulaReader) peek() byte {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *formulaReader) sum() error { return p.chain("+-", p.product) }

func (p *formulaReader) product() error { return p.chain("*/", p.factor) }

// chain reads operands joined by any of two operators.
func (p *formulaReader) chain(operators string, operand func() error) error {
	if err := operand(); err != nil {
		return err
	}
	for {
		c := p.peek()
		if c == 0 || !strings.ContainsRune(operators, rune(c)) {
			return nil
		}
		p.at++
		if err := operand(); err != nil {
			return err
		}
		p.out = append(p.out, op{kind: c})
	}
}

func (p *formulaReader) factor() error {
	if p.depth++; p.depth > 50 {
		return errs.Say("is nested deeper than 50")
	}
	defer func() { p.depth-- }()
	switch c := p.peek(); {
	case c == '-':
		p.at++
		if err := p.factor(); err != nil {
			return err
		}
		p.out = append(p.out, op{kind: '~'})
		return nil
	case c == '(':
		p.at++
		if err := p.sum(); err != nil {
			return err
		}
		if p.peek() != ')' {
			return errs.Say("lacks a closing bracket")
		}
		p.at++
		return nil
	case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
		k := int(c | 0x20 - 'a')
		if k >= p.series {
			return errs.Say("names %c, but the last series is %c", 'A'+k, 'A'+p.series-1)
		}
		p.at++
		p.out = append(p.out, op{kind: 's', series: k})
		return nil
	case c >= '0' && c <= '9' || c == '.':
		from := p.at
		for p.at < len(p.text) && (p.text[p.at] >= '0' && p.text[p.at] <= '9' || p.text[p.at] == '.') {
			p.at++
		}
		n, err := strconv.ParseFloat(p.text[from:p.at], 64)
		if err != nil {
			return errs.Say("has the number %q, which cannot be read", p.text[from:p.at])
		}
		p.out = append(p.out, op{kind: 'n', number: n})
		return nil
	case c == 0:
		return errs.Say("ends too early")
	default:
		return errs.Say("has an unexpected %q at position %d", c, p.at+1)
	}
}

// eval computes the formula; nil when a series has no value or something is
// divided by 0.
func (f *formula) eval(series func(int) *float64) *float64 {
	var stack []float64
	for _, o := range f.ops {
		switch o.kind {
		case 'n':
			stack = append(stack, o.number)
		case 's':
			v := series(o.series)
			if v == nil {
				return nil
			}
			stack = append(stack, *v)
		case '~':
			stack[len(stack)-1] *= -1
		default:
			b := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			a := &stack[len(stack)-1]
			switch o.kind {
			case '+':
				*a += b
			case '-':
				*a -= b
			case '*':
				*a *= b
			case '/':
				if b == 0 {
					return nil
				}
				*a /= b
			}
		}
	}
	if v := stack[0]; !math.IsInf(v, 0) && !math.IsNaN(v) {
		return &v
	}
	return nil
}

// point computes the formula over one bucket. A formula that is one division
// shows its parts as numerator and denominator.
func (f *formula) point(at func(int) *Point) Point {
	v := f.eval(func(s int) *float64 { return at(s).Value })
	p := Point{Value: v}
	if v != nil {
		p.Numerator = *v
	}
	if o := f.ops; len(o) == 3 && o[2].kind == '/' && o[0].kind == 's' && o[1].kind == 's' {
		a, b := at(o[0].series).Value, at(o[1].series).Value
		if a != nil && b != nil {
			p.Numerator, p.Denominator = *a, *b
		}
	}
	return p
}

func (f *formula) line(name, label string, series []Line) Line {
	l := Line{Series: name, Label: label, Value: series[0].Value}
	for i := range series[0].Points {
		l.Points = append(l.Points, f.point(func(s int) *Point { return &series[s].Points[i] }))
	}
	l.Total = f.point(func(s int) *Point { return &series[s].Total })
	return l
}
