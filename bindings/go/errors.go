package agentkernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// Code is the kind of failure of an [Error]. Codes are errors themselves, for errors.Is:
//
//	if errors.Is(err, agentkernel.ErrNotFound) { ... }
type Code int32

// Error is the code's name in the C library, such as "AK_E_TIMEOUT".
func (c Code) Error() string {
	if name := raw.Status_name(int32(c)); name != "" {
		return name
	}
	return fmt.Sprintf("agentkernel error %d", int32(c))
}

// ErrClosed is what errors of operations on a closed client, stream or file are, for errors.Is. They are also
// [os.ErrClosed].
var ErrClosed error = closed("client, stream or file")

type closed string

func (c closed) Error() string { return prefix + string(c) + " is closed" }

func (c closed) Is(target error) bool { return target == ErrClosed || target == os.ErrClosed }

// prefix is the start of every error's text.
const prefix = "agentkernel: "

// Sent states whether the request of a failed operation may have been executed.
type Sent int

const (
	SentNothing  = Sent(raw.SENT_NOTHING)  // nothing was sent: repeating is safe
	SentSome     = Sent(raw.SENT_SOME)     // it was sent, at least in part, and no reply came: it may have run
	SentAnswered = Sent(raw.SENT_ANSWERED) // the server replied
)

// Error is the error of an operation. errors.Is matches its code, and the context's error where a context ended it.
type Error struct {
	Code       Code
	Message    string        // one line, without secrets
	StatusCode int           // of HTTP; 0 when there was no reply
	ServerText string        // the server's own message, or the start of its body when it sent none
	ExitCode   int           // when Code is ErrCommand: of the command
	Output     []byte        // when Code is ErrCommand: what the command wrote
	RetryAfter time.Duration // when the server sent a time
	Operation  string        // such as "exec_in_sandbox"
	Phase      string        // bind, resolve, connect, send, wait, receive or decode
	Libcurl    int           // libcurl's code when it failed
	Sent       Sent

	causes []error
}

func (e *Error) Error() string {
	text := prefix
	if e.Operation != "" {
		text += e.Operation + ": "
	}
	if e.Message == "" {
		text += e.Code.Error()
	}
	text += e.Message
	for _, cause := range e.causes {
		text += ": " + strings.TrimPrefix(cause.Error(), prefix)
	}
	return text
}

// Unwrap returns the code, and why the operation was cancelled if it was.
func (e *Error) Unwrap() []error { return append([]error{e.Code}, e.causes...) }

// Timeout reports whether a deadline passed, as in [net.Error].
func (e *Error) Timeout() bool {
	return e.Code == ErrTimeout || errors.Is(e, context.DeadlineExceeded)
}

// errorOf returns the error of a function of the library that returned a status, or nil.
func errorOf(status int32, fail raw.Error) error {
	if status < 0 {
		return newError(Code(status), fail)
	}
	return nil
}

// newError reads the error that a function of the library wrote.
func newError(code Code, from raw.Error) *Error {
	e := &Error{Code: code}
	if int32(code) != raw.Error_code(from) { // it had no memory to write an error
		return e
	}
	var view raw.View
	text := func(field int32) string {
		if raw.Error_view(from, field, &view) != raw.OK {
			return ""
		}
		return strings.ToValidUTF8(string(view.Bytes()), "\uFFFD")
	}
	var value int64
	number := func(field int32) int64 {
		if raw.Error_int(from, field, &value) != raw.OK {
			return 0
		}
		return value
	}
	e.Message = text(raw.ERROR_MESSAGE)
	e.StatusCode = int(number(raw.ERROR_HTTP_STATUS))
	e.ServerText = text(raw.ERROR_SERVER_TEXT)
	e.ExitCode = int(number(raw.ERROR_EXIT_CODE))
	if raw.Error_view(from, raw.ERROR_OUTPUT, &view) == raw.OK {
		e.Output = append([]byte{}, view.Bytes()...)
	}
	e.RetryAfter = time.Duration(number(raw.ERROR_RETRY_AFTER_MS)) * time.Millisecond
	e.Operation = text(raw.ERROR_OPERATION)
	e.Phase = text(raw.ERROR_PHASE)
	e.Libcurl = int(number(raw.ERROR_LIBCURL))
	e.Sent = Sent(number(raw.ERROR_SENT))
	return e
}

// These are for errors.As, with the names of the official SDKs. Each has all members and methods of [Error].
type (
	AuthError       struct{ *failure } // 401, 403
	NotFoundError   struct{ *failure } // 404
	ValidationError struct{ *failure } // 400, 422, or refused before anything was sent
	ServerError     struct{ *failure } // 5xx
	NetworkError    struct{ *failure } // no complete reply
	StreamError     struct{ *failure } // the stream ended too early, or did not follow the protocol
)

// failure is Error under another name, which does not hide its method Error when embedded.
type failure = Error

// As implements errors.As.
func (e *Error) As(target any) bool {
	switch t := target.(type) {
	case **AuthError:
		return is(e, t, &AuthError{e}, ErrUnauthorized, ErrForbidden)
	case **NotFoundError:
		return is(e, t, &NotFoundError{e}, ErrNotFound)
	case **ValidationError:
		return is(e, t, &ValidationError{e}, ErrBadRequest, ErrUnprocessable, ErrArgument)
	case **ServerError:
		return is(e, t, &ServerError{e}, ErrServer)
	case **NetworkError:
		return is(e, t, &NetworkError{e}, ErrResolve, ErrConnect, ErrTLS, ErrNetwork, ErrTimeout)
	case **StreamError:
		return is(e, t, &StreamError{e}, ErrTruncated, ErrProtocol)
	}
	return false
}

func is[T any](e *Error, target **T, as *T, codes ...Code) bool {
	for _, code := range codes {
		if e.Code == code {
			*target = as
			return true
		}
	}
	return false
}
