// Package faults says refusals in the reader's language.
//
// A catalogue is a JSON object for each language: the English format by which a
// message was made, and the format that says the same. Both have the same
// verbs; a translation may change their order by their number, as in %[2]q.
// What an error holds as parts is translated part by part. A text of which only
// the words are left, since it was stored or comes from a library, is compared
// with the formats to find its parts.
package faults

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed it.json ro.json
var files embed.FS

// English is the language of the formats.
const English = "en"

// Heard is a text whose parts are not known: that of a library, or of a store.
type Heard string

// Error is the text as it was heard.
func (h Heard) Error() string { return string(h) }

// Catalogue holds the languages.
type Catalogue struct{ tongues map[string]*Tongue }

// Tongue is one language.
type Tongue struct {
	// Code is en, it or ro.
	Code string

	says   map[string]string // by the English format; empty for English
	shapes func() []shape    // by how much of them is fixed, most first
}

// MustLoad reads the languages that the program brings.
func MustLoad() *Catalogue {
	c := &Catalogue{map[string]*Tongue{English: {Code: English}}}
	for _, code := range []string{"it", "ro"} {
		t := &Tongue{Code: code}
		raw, err := files.ReadFile(code + ".json")
		if err == nil {
			err = json.Unmarshal(raw, &t.says)
		}
		if err != nil {
			panic(fmt.Sprintf("read texts of refusals: %s: %v", code, err))
		}
		t.shapes = sync.OnceValue(func() []shape { return shapesOf(t.says) }) // most servers hear one language
		c.tongues[code] = t
	}
	return c
}

// Texts gives the texts of the language, by the English format.
func (t *Tongue) Texts() map[string]string { return t.says }

// Tongue gives a language, and English for one that is not known.
func (c *Catalogue) Tongue(code string) *Tongue {
	if t := c.tongues[code]; t != nil {
		return t
	}
	return c.tongues[English]
}

// Say gives the message in the language. What has no translation stays English.
func (t *Tongue) Say(x *errs.Text) string {
	if len(t.says) == 0 {
		return x.Error()
	}
	format := x.Format
	if f, ok := t.says[format]; ok {
		format = f
	}
	args := make([]any, len(x.Args))
	for i, a := range x.Args {
		args[i] = t.part(a)
	}
	return fmt.Sprintf(format, args...)
}

// part translates what is itself a message; other parts stay.
func (t *Tongue) part(a any) any {
	err, ok := a.(error)
	if !ok {
		return a
	}
	if s, ok := err.(errs.Sayer); ok {
		return t.Say(s.Said())
	}
	var inner errs.Sayer
	if errors.As(err, &inner) { // with words of another around it
		return strings.Replace(err.Error(), inner.Said().Error(), t.Say(inner.Said()), 1)
	}
	return t.Hear(err.Error())
}
