package winrm

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/adsyncbot/adsyncbot/executor"
)

// exitError is the end of a process with another code than 0.
type exitError struct {
	code   int
	stderr string
}

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// lineError is what the receiver of the lines has said, or errLineTooLong.
type lineError struct{ err error }

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// failure turns an error of a step into what Run returns.
func (s *session) failure(ctx context.Context, op string, err error) error {
	var line *lineError
	if errors.As(err, &line) && !errors.Is(err, errLineTooLong) {
		return line.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	failed := &executor.RunError{Server: s.config.Server, Op: op, Started: s.started}
	var (
		flt    *fault
		exit   *exitError
		status *statusError
		secret *secretError
		gate   *gateError
		held   *HeldError
	)
	switch {
	case errors.As(err, &exit):
		failed.Kind, failed.ExitCode, failed.Detail = executor.FailureExit, exit.code, exit.stderr
	case errors.As(err, &flt):
		failed.Kind, failed.Code, failed.Detail = flt.kind(), flt.code, flt.reason
	case errors.As(err, &status):
		failed.Kind, failed.Detail = s.statusKind(status.status), status.Error()
	case errors.Is(err, errRefused), errors.Is(err, errNoNTLM):
		failed.Kind, failed.Detail = executor.FailureCredentials, err.Error()
	case errors.As(err, &secret):
		failed.Kind, failed.Op, failed.Err = executor.FailureSecret, "read password", secret.err
	case errors.As(err, &gate) && errors.As(err, &held):
		failed.Kind, failed.Op, failed.Err = executor.FailureHeld, "log on", gate.err
	case errors.As(err, &gate):
		failed.Kind, failed.Op, failed.Err = executor.FailureUntried, "log on", gate.err
	default:
		s.connection(failed, err)
	}
	return failed
}

// connection describes an error below HTTP, or an answer that is not what it should be.
func (s *session) connection(failed *executor.RunError, err error) {
	failed.Err = err
	var (
		handshake *tlsError
		network   net.Error
		lookup    *net.DNSError
		transport *transportError
		stranger  *strangerError
	)
	lost := executor.FailureUnreachable
	if s.started {
		lost = executor.FailureLost
	}
	switch {
	case errors.As(err, &handshake):
		failed.Kind, failed.Detail = executor.FailureTLS, distrust(err)
	case errors.As(err, &lookup):
		failed.Kind, failed.Detail = lost, "the name of the server is not known"
	case errors.Is(err, syscall.ECONNREFUSED):
		failed.Kind, failed.Detail = lost, "the connection was refused"
	case errors.Is(err, errNoAnswer), errors.As(err, &network) && network.Timeout():
		failed.Kind, failed.Detail = lost, "no answer in time"
	case errors.As(err, &stranger) && s.started:
		failed.Kind, failed.Detail = lost, "the server no longer knows the logon of the connection"
	case errors.As(err, &transport) && !strings.Contains(err.Error(), "malformed HTTP"): // net/http has no type for it
		failed.Kind, failed.Detail = lost, "the connection broke off"
	default:
		failed.Kind = executor.FailureProtocol
	}
}

// statusKind returns the kind of failure of an HTTP answer without SOAP in it.
func (s *session) statusKind(status int) executor.Failure {
	switch {
	case status == http.StatusForbidden:
		return executor.FailureAccess
	case status == http.StatusServiceUnavailable && s.started:
		return executor.FailureLost
	case status == http.StatusServiceUnavailable: // http.sys answers, the service behind it does not
		return executor.FailureUnreachable
	default:
		return executor.FailureProtocol
	}
}

// distrust says in words why a handshake failed.
func distrust(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return "the certificate is signed by an authority that is not trusted"
	case errors.As(err, &name):
		return "the certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not yet valid"
	default:
		return "the TLS handshake failed"
	}
}
