package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/ciclo/ciclo/internal/edge/httpapi/faults"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// Problem is an error document (RFC 9457) with a stable code. It never holds
// the value that was refused.
type Problem struct {
	Type    string         `json:"type"`
	Title   string         `json:"title"`
	Status  int            `json:"status"`
	Code    string         `json:"code" doc:"Stable, for programs"`
	Detail  string         `json:"detail" doc:"For people: what is wrong and what to do"`
	Message string         `json:"message" doc:"Same as detail, for clients that read this name"`
	Errors  []FieldProblem `json:"errors,omitempty"`

	said *errs.Text // what detail was made from
}

// FieldProblem names one input at fault.
type FieldProblem struct {
	Location string `json:"location" doc:"Such as body.email"`
	Message  string `json:"message"`

	said *errs.Text
}

func fieldProblem(location string, what *errs.Text) FieldProblem {
	return FieldProblem{location, what.Error(), what}
}

// refused makes a document of a status.
func refused(status int, code, format string, args ...any) *Problem {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code}
	p.say(errs.Say(format, args...))
	return p
}

func (p *Problem) say(what *errs.Text) {
	p.said, p.Detail = what, what.Error()
	p.Message = p.Detail
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus is the status that the document is sent with.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType marks the document as a problem.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// newProblem is what the framework's own refusals become.
func newProblem(status int, msg string, details ...error) huma.StatusError {
	p := refused(status, frameworkCode(status), "%v", faults.Heard(msg))
	for _, d := range details {
		var e *huma.ErrorDetail
		switch {
		case errors.As(d, &e):
			p.Errors = append(p.Errors, fieldProblem(missing(e.Location, e.Message), errs.Say("%v", faults.Heard(e.Message))))
		case d != nil:
			p.Errors = append(p.Errors, fieldProblem("", errs.Say("%v", d)))
		}
	}
	if len(p.Errors) == 1 && p.Errors[0].Location != "" {
		p.say(errs.Say("%v: %s: %v", p.said, p.Errors[0].Location, p.Errors[0].said))
	}
	return p
}

// missing names the member that a message says is missing; the framework gives
// the object's place only.
func missing(location, message string) string {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, ok := strings.CutPrefix(message, before)
	if ok {
		name, ok = strings.CutSuffix(name, after)
	}
	if !ok {
		return location
	}
	return location + "." + name
}

func frameworkCode(status int) string {
	switch status {
	case http.StatusUnprocessableEntity:
		return "invalid_request"
	case http.StatusBadRequest:
		return "invalid_request"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusNotAcceptable:
		return "not_acceptable"
	case http.StatusRequestTimeout:
		return "request_timeout"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	}
	if status >= http.StatusInternalServerError {
		return "internal"
	}
	return "error"
}

func statusOf(k errs.Kind) int {
	switch k {
	case errs.Invalid:
		return http.StatusBadRequest
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict:
		return http.StatusConflict
	case errs.Unauthorized:
		return http.StatusUnauthorized
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.TooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.Busy:
		return http.StatusTooManyRequests
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	case errs.Unprocessable:
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// problem turns an error of a room into a document; what is not meant for
// callers stays out of it.
func problem(err error) *Problem {
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	var e *errs.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) {
			p := refused(499, "cancelled", "the request was cancelled")
			p.Title = "Client closed request"
			return p
		}
		e = errs.New(errs.Internal, "internal", "something went wrong on the server; the log says what")
	}
	p := refused(statusOf(e.Kind), e.Code, "%v", e.Said())
	if e.Field != "" {
		p.Errors = []FieldProblem{fieldProblem(e.Field, e.Said())}
	}
	return p
}

// problem logs what the caller is not told.
func (a *API) problem(err error) *Problem {
	p := problem(err)
	if p.Status >= 500 {
		a.Log.Error("request failed", "error", err)
	}
	return p
}

// tongue is the language that the caller reads.
func (a *API) tongue(r *http.Request) *faults.Tongue {
	return a.faults.Choose(r.Header.Values("Accept-Language"))
}

// hear gives a text that was kept in English in the language of the caller.
func (a *API) hear(ctx context.Context, text string) string {
	c := callOf(ctx)
	if c == nil || text == "" {
		return text
	}
	return a.tongue(c.r).Hear(text)
}

// hearing hears texts of which few differ, and remembers some.
func (a *API) hearing(r *http.Request) func(text string) string {
	t, known := a.tongue(r), map[string]string{}
	return func(text string) string {
		said, ok := known[text]
		if !ok {
			if said = t.Hear(text); len(known) < 1000 {
				known[text] = said
			}
		}
		return said
	}
}

// in gives the document in a language. What programs read stays.
func (p *Problem) in(t *faults.Tongue) *Problem {
	q := *p
	q.say(errs.Say("%s", t.Say(p.said)))
	q.Errors = nil
	for _, e := range p.Errors {
		q.Errors = append(q.Errors, fieldProblem(e.Location, errs.Say("%s", t.Say(e.said))))
	}
	return &q
}

// transform gives the documents that the framework writes in the language of
// the caller.
func (a *API) transform(hc huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*Problem)
	c := callOf(hc.Context())
	if !ok || c == nil {
		return v, nil
	}
	return a.localize(hc.SetHeader, c.r, p), nil
}

// localize gives the document in the language of the caller, and says so.
func (a *API) localize(set func(name, value string), r *http.Request, p *Problem) *Problem {
	t := a.tongue(r)
	set("Content-Language", t.Code)
	set("Vary", "Accept-Language")
	return p.in(t)
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) { a.write(w, r, a.problem(err)) }

func (a *API) write(w http.ResponseWriter, r *http.Request, p *Problem) {
	p = a.localize(w.Header().Set, r, p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// noRoute answers 404, or 405 when the path exists for other methods.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	probe := r.Clone(r.Context())
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if probe.Method = m; m == r.Method {
			continue
		}
		if _, pattern := a.router(r.URL.Path).Handler(probe); pattern != "" {
			a.write(w, r, refused(http.StatusMethodNotAllowed, "method_not_allowed", "this path does not take the method %s", r.Method))
			return
		}
	}
	a.write(w, r, refused(http.StatusNotFound, "not_found", "there is no such path in the API"))
}
