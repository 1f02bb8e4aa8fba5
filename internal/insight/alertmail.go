package insight

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/channel/mail"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// LetterJob is the kind of the jobs that send letters about alerts. Each address
// has a job of its own, so that one that is refused keeps nobody else waiting.
const LetterJob = "insight.letter"

// maxEmails bounds the addresses of an alert.
const maxEmails = 10

// Mailer hands letters over; see mail.Sender.
type Mailer interface {
	Send(ctx context.Context, m *mail.Message) error
}

// letterJob is the payload of a job. Its ID stays the same over all attempts, so
// that a repeat can be told.
type letterJob struct {
	ID       string      `json:"id"`
	To       string      `json:"to"`
	Language string      `json:"language"`
	Name     string      `json:"name"`
	State    string      `json:"state"`
	At       core.Micros `json:"at"`
	Since    core.Micros `json:"since"` // it fires, or had fired
	Watched  Watched     `json:"watched"`
	Rule     Rule        `json:"rule"`
	Verdict  Verdict     `json:"verdict"`
}

// checkEmails wants addresses, each once.
func (a *Alert) checkEmails() error {
	list := []string{}
	for i, e := range a.Emails {
		e = strings.TrimSpace(e)
		if !mail.IsAddress(e) {
			return errs.Field("emails", "bad_email", "address %d is none such as anna@example.com", i+1)
		}
		if !slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, e) }) {
			list = append(list, e)
		}
	}
	if len(list) > maxEmails {
		return errs.Field("emails", "too_many", "an alert tells up to %d addresses", maxEmails)
	}
	if a.Emails = list; !slices.Contains([]string{"en", "it", "ro"}, a.Language) {
		return errs.Field("language", "bad_language", "the language is en, it or ro")
	}
	return nil
}

// post makes the letters about a change of an alert's state, in its transaction.
func (s *Service) post(ctx context.Context, tx *db.Tx, a *dueAlert, n *Notice) error {
	if s.Jobs == nil || len(a.Emails) == 0 {
		return nil
	}
	since := n.At
	if n.State == AlertRecovered {
		since = a.Since // a is as it was before
	}
	specs := make([]jobs.Spec, len(a.Emails))
	for i, to := range a.Emails {
		raw := make([]byte, 18)
		_, _ = rand.Read(raw) // never fails
		payload, err := json.Marshal(letterJob{"alert." + base64.RawURLEncoding.EncodeToString(raw), to, a.Language, n.Name, n.State, n.At, since, n.Watched, n.Rule, n.Verdict})
		if err != nil {
			return fmt.Errorf("write letter: %w", err)
		}
		specs[i] = jobs.Spec{Kind: LetterJob, Ref: a.ID, Payload: string(payload)}
	}
	return s.Jobs.Enqueue(ctx, tx, a.ws, specs)
}

// letterPauses lie between attempts: a day in all.
func letterPauses() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8*time.Hour + 30*time.Minute}
}

// sendLetter is the handler of letters.
func (s *Service) sendLetter(ctx context.Context, j *jobs.Job) (string, error) {
	var n letterJob
	if err := json.Unmarshal([]byte(j.Payload), &n); err != nil {
		return "", fmt.Errorf("read letter: %w", err)
	}
	a, err := s.Alert(ctx, j.Workspace, j.Ref)
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return errs.Say("the alert was deleted").Error(), nil
	case err != nil:
		return "", laterLetter(j, errs.Say("the alert cannot be read"))
	case !slices.Contains(a.Emails, n.To):
		return errs.Say("the address was taken out of the alert").Error(), nil
	case n.State == AlertFiring && (a.State != AlertFiring || a.Since != n.At):
		return errs.Say("it was over before this could be sent; the letter of its end tells since when").Error(), nil
	case s.Mail == nil:
		return "", laterLetter(j, errs.Say("mail is not set up"))
	}
	m, err := s.write(ctx, j.Workspace, &n)
	if err != nil {
		return "", laterLetter(j, err)
	}
	if err := s.Mail.Send(ctx, m); err != nil {
		if mail.Permanent(err) {
			return "", err
		}
		return "", laterLetter(j, err)
	}
	return errs.Say("handed over").Error(), nil
}

// laterLetter puts an attempt off, or gives up after a day.
func laterLetter(j *jobs.Job, why error) error {
	pauses := letterPauses()
	if n := int(j.Attempts) - 1; n < len(pauses) {
		return &jobs.Later{After: pauses[n], Why: why.Error()}
	}
	return why
}

// LetterProblem says what kept the newest letter to each of an alert's addresses
// from being handed over; "" when nothing did.
func (s *Service) LetterProblem(ctx context.Context, ws core.WorkspaceID, a *Alert) (string, error) {
	if s.Jobs == nil || len(a.Emails) == 0 {
		return "", nil
	}
	list, err := s.Jobs.List(ctx, ws, LetterJob, a.ID, 0, 4*maxEmails)
	if err != nil {
		return "", err
	}
	seen := map[string]bool{}
	var out []string
	for i := range list {
		var n letterJob
		if err := json.Unmarshal([]byte(list[i].Payload), &n); err != nil {
			return "", fmt.Errorf("read letter %d: %w", list[i].ID, err)
		}
		if seen[n.To] || !slices.Contains(a.Emails, n.To) {
			continue
		}
		seen[n.To] = true
		if list[i].State != jobs.Done && list[i].Note != "" {
			out = append(out, n.To+": "+list[i].Note)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; "), nil
}
