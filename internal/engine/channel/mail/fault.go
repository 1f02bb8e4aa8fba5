package mail

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// maxSaid bounds what is kept of a server's answer.
const maxSaid = 500

// fault makes an Error of what went wrong, while the letter was handed over or
// before.
func fault(err error, taking bool) *Error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return &Error{Said: because(err)}
	}
	text := oneLine(answer.Msg)
	if len(text) > maxSaid {
		text = oneLine(text[:maxSaid]) + " …"
	}
	return &Error{Permanent: taking && final(answer.Code), Code: answer.Code, Said: errs.Say("the mail server says: %d %s", answer.Code, text).Error()}
}

// final says whether an answer holds for good. A server that wants a sign-in, or
// something before, says so with 5 as well: that is a matter of the settings.
func final(code int) bool {
	switch code {
	case 502, 503, 530, 534, 535, 538:
		return false
	}
	return code >= 500
}

// because says why there was no answer, without inner addresses of the network.
func because(err error) string {
	var cert *tls.CertificateVerificationError
	var broken *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &cert):
		return errs.Say("the certificate of the mail server is not trusted: %s", oneLine(cert.Err.Error())).Error()
	case errors.As(err, &name):
		return errs.Say("the name of the mail server is unknown").Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errs.Say("the mail server does not answer in time").Error()
	case errors.As(err, &broken) && broken.Op == "dial":
		return errs.Say("the mail server cannot be reached").Error()
	case errors.Is(err, io.EOF), errors.As(err, &broken):
		return errs.Say("the mail server broke the connection off").Error()
	}
	text := oneLine(err.Error())
	if len(text) > maxSaid {
		text = oneLine(text[:maxSaid])
	}
	return text
}
