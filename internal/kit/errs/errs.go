// Package errs carries errors that a caller may act on: a kind that the edge
// turns into a status, a stable code, and a message that is safe to show. The
// message keeps the parts it was made from, so that the edge can say it in the
// reader's language.
package errs

import (
	"errors"
	"fmt"
)

// Kind groups errors by what the caller can do about them.
type Kind uint8

// Kinds of errors.
const (
	Internal Kind = iota
	Invalid
	NotFound
	Conflict
	Unauthorized
	Forbidden
	TooLarge
	Busy        // try again later
	Unavailable // cannot serve now
	Unprocessable
)

// Error is an error with a kind, a snake_case code and a safe message.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Field   string // the input at fault, when there is one
	Err     error

	said *Text
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Said gives the parts of the message.
func (e *Error) Said() *Text {
	if e.said == nil {
		return Say("%s", e.Message)
	}
	return e.said
}

// Text is a message for people and the parts it was made from: the English
// format, by which translations are found, and what stands in it. It is an
// error, so that it can be a part of another message.
type Text struct {
	Format string
	Args   []any
}

// Say makes a Text. The format is a literal: a test finds those that are not
// translated.
func Say(format string, args ...any) *Text { return &Text{format, args} }

// Error is the message in English.
func (t *Text) Error() string { return fmt.Sprintf(t.Format, t.Args...) }

// Said gives t itself.
func (t *Text) Said() *Text { return t }

// Sayer is what knows the parts of its message.
type Sayer interface{ Said() *Text }

func saying(e *Error, format string, args []any) *Error {
	e.said = Say(format, args...)
	e.Message = e.said.Error()
	return e
}

// New makes an error of kind with a code and a formatted message.
func New(kind Kind, code, format string, args ...any) *Error {
	return saying(&Error{Kind: kind, Code: code}, format, args)
}

// Field makes an Invalid error about one input field.
func Field(field, code, format string, args ...any) *Error {
	return saying(&Error{Kind: Invalid, Code: code, Field: field}, format, args)
}

// Wrap adds kind, code and a formatted message to err; nil stays nil.
func Wrap(err error, kind Kind, code, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return saying(&Error{Kind: kind, Code: code, Err: err}, format, args)
}

// KindOf gives the kind of the first Error in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf gives the code of the first Error in err's chain, else "internal".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "internal"
}
