// Package errs carries errors that a caller may act on: a kind that the edge
// turns into a status, a stable code, and a message that is safe to show.
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
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// New makes an error of kind with a code and a formatted message.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid error about one input field.
func Field(field, code, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Wrap adds kind, code and message to err; nil stays nil.
func Wrap(err error, kind Kind, code, message string) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Code: code, Message: message, Err: err}
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
