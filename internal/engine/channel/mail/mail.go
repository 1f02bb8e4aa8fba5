package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/errs"
	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Options of a Sender; zero fields take the defaults.
type Options struct {
	From    string         // who letters come from: "Name <address>" or an address
	Clock   clock.Clock    // dates letters, default the machine's
	Timeout time.Duration  // of one letter, default 30 seconds
	Roots   *x509.CertPool // whom to trust, default the machine's
}

// Sender hands letters to one server, each over a connection of its own. It is
// safe for concurrent use.
type Sender struct {
	server *server
	from   *mail.Address
	opt    Options
}

// Message is one letter.
type Message struct {
	From    string // default the sender's
	To      []string
	Subject string
	Text    string
	HTML    string // beside Text, may be ""
	// ID becomes the Message-ID; one without @ gets the domain of the sender. Who
	// sends a letter again keeps it.
	ID string
	// Automatic letters ask not to be answered by machines.
	Automatic bool
}

// FieldError says which setting is bad. It never holds a password.
type FieldError struct{ Field, Why string }

func (e *FieldError) Error() string { return e.Field + " " + e.Why }

// Open reads the settings of a server: smtp://user:password@host:587 asks for
// STARTTLS, except on this machine; ?tls=off does without, ?tls=required asks
// everywhere; smtps://…:465 speaks TLS from the start. Nothing is connected yet.
func Open(url string, o Options) (*Sender, error) {
	s, err := readServer(url)
	if err != nil {
		return nil, &FieldError{"smtp", err.Error()}
	}
	if o.From == "" {
		return nil, &FieldError{"mail-from", "is needed to send mail: whom letters come from"}
	}
	from, err := sender(o.From)
	if err != nil {
		return nil, &FieldError{"mail-from", err.Error()}
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return &Sender{server: s, from: from, opt: o}, nil
}

// sender reads whom a letter comes from.
func sender(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil || !IsAddress(a.Address) {
		return nil, errors.New(`is no address such as "Shop <shop@example.com>"`)
	}
	a.Name = oneLine(a.Name)
	return a, nil
}

// From is whom letters come from.
func (s *Sender) From() string { return s.from.Address }

// Server names the server, without user and password.
func (s *Sender) Server() string { return s.server.address() }

// Error is why a letter was not taken.
type Error struct {
	// Permanent: the server refuses this address or letter; another try would
	// say the same.
	Permanent bool
	Code      int    // of the server's answer, 0: there was none
	Said      string // for people: the server's answer, or what kept it from answering
}

func (e *Error) Error() string { return e.Said }

// Permanent says whether sending again is of no use.
func Permanent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Permanent
}

// Send hands a letter over. nil means that the server took it; else the error is
// an *Error.
func (s *Sender) Send(ctx context.Context, m *Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return &Error{Permanent: true, Said: oneLine(err.Error())}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	var open net.Conn
	client, err := s.client(func(c net.Conn) {
		open = c
		context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // whoever waits on it returns
	})
	if err != nil {
		return fault(err, false)
	}
	line, err := client.DialToSMTPClientWithContext(ctx)
	if open != nil {
		defer func() { _ = open.Close() }()
	}
	// That a server does not know us, or the sender, is a matter of the settings;
	// what it says of the recipients and the letter is one of this letter.
	if err == nil {
		err = line.Mail(letter.GetFrom()[0].Address)
	}
	taking := err == nil
	if taking {
		err = hand(line, letter, m.To)
	}
	switch {
	case err == nil:
		_ = line.Quit() // that it fails does not undo what was taken
		return nil
	case ctx.Err() != nil:
		return &Error{Said: errs.Say("the mail server does not answer in time").Error()}
	}
	return fault(err, taking)
}

// hand names the recipients and gives the letter.
func hand(line *smtp.Client, letter *gomail.Msg, to []string) error {
	for _, a := range to {
		if err := line.Rcpt(a); err != nil {
			return err
		}
	}
	w, err := line.Data()
	if err != nil {
		return err
	}
	if _, err := letter.WriteTo(w); err != nil {
		return err // the connection is closed before the end of the letter: nothing is taken
	}
	return w.Close()
}

// client is set up for one letter. opened is told of its connection.
func (s *Sender) client(opened func(net.Conn)) (*gomail.Client, error) {
	x := s.server
	conf := &tls.Config{ServerName: x.host, MinVersion: tls.VersionTLS12, RootCAs: s.opt.Roots}
	opts := []gomail.Option{gomail.WithPort(x.port), gomail.WithTimeout(s.opt.Timeout), gomail.WithTLSConfig(conf), gomail.WithTLSPolicy(gomail.NoTLS),
		gomail.WithDialContextFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
			dial := (&net.Dialer{}).DialContext
			if x.implicit {
				dial = (&tls.Dialer{Config: conf}).DialContext
			}
			c, err := dial(ctx, network, x.address())
			if err == nil {
				opened(c)
			}
			return c, err
		})}
	if x.starttls {
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if x.user != "" {
		// Whether the connection is safe enough for a password was decided with
		// the settings.
		opts = append(opts, gomail.WithUsername(x.user), gomail.WithPassword(x.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc))
	}
	return gomail.NewClient(x.host, opts...)
}

// letter writes a message down.
func (s *Sender) letter(m *Message) (*gomail.Msg, error) {
	from := s.from
	if m.From != "" {
		var err error
		if from, err = sender(m.From); err != nil {
			return nil, fmt.Errorf("the sender %w", err)
		}
	}
	if len(m.To) == 0 {
		return nil, errs.Say("the letter goes to nobody")
	}
	to := make([]*mail.Address, len(m.To))
	for i, a := range m.To {
		if !IsAddress(a) {
			return nil, errs.Say("the letter has an address that is none")
		}
		to[i] = &mail.Address{Address: a}
	}
	x := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	x.FromMailAddress(from)
	x.ToMailAddress(to...)
	x.Subject(oneLine(m.Subject))
	x.SetDateWithValue(s.opt.Clock.Now())
	if id := strings.Join(strings.FieldsFunc(oneLine(m.ID), func(r rune) bool { return strings.ContainsRune("<> ", r) }), ""); id != "" {
		if !strings.Contains(id, "@") {
			id += from.Address[strings.LastIndexByte(from.Address, '@'):]
		}
		x.SetMessageIDWithValue(id)
	}
	if m.Automatic {
		x.SetGenHeader("Auto-Submitted", "auto-generated")
	}
	x.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		x.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return x, nil
}
