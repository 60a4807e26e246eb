// Package agentkernel runs commands in isolated sandboxes through an agentkernel server.
//
// A [Client] is safe for use by many goroutines. Every operation takes a [context.Context] first: when it is cancelled
// or its deadline passes, the operation ends at once, and its error wraps the context's. A waiting operation holds
// neither a thread nor a goroutine of its own: the runtime's poller waits for it.
//
// In options and arguments a zero value stands for the default.
package agentkernel

import (
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go/internal/local"
	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// NoTimeout as a timeout removes the limit. (Zero is the default, and less than a millisecond leaves no time.)
const NoTimeout time.Duration = -1

// Client is a client of one server. It is safe for use by many goroutines.
type Client struct {
	mu      sync.RWMutex
	handle  raw.Client
	err     error // an invalid setting, found by New
	cleanup runtime.Cleanup
}

// New returns a client; nil means that all settings come from the environment and the defaults. An invalid setting is
// reported by [Client.Err], and by every operation before anything is sent. There is no I/O, but that the first client
// of local: writes agentkernel-local into the user's cache folder, where this module has it embedded.
func New(opts *Options) *Client {
	c := &Client{}
	fail := raw.Error_new()
	defer raw.Error_free(fail)
	var handle raw.Client
	if status := raw.Client_new(&handle, fail); status < 0 {
		c.err = newError(Code(status), fail)
		return c
	}
	c.handle = handle
	c.cleanup = runtime.AddCleanup(c, func(handle raw.Client) { raw.Client_free(handle) }, c.handle)
	to := settings{client: handle, fail: fail}
	opts.bind(&to)
	if c.err = to.err; c.err == nil {
		c.err = c.chooseProgram(&to)
	}
	return c
}

// chooseProgram has local: start the embedded program, if there is one and the user names no other.
func (c *Client) chooseProgram(to *settings) error {
	if !strings.EqualFold(c.BaseURL(), "local:") || c.setting(raw.CLIENT_LOCAL_PROGRAM) != "" {
		return nil
	}
	path, err := local.Prepare()
	if err != nil {
		return &Error{Code: ErrConnect, Message: "local: there is no place for agentkernel-local: set XDG_CACHE_HOME to a " +
			"folder of yours, or AGENTKERNEL_LOCAL to an installed one", Phase: "connect", causes: []error{err}}
	}
	if path != "" {
		to.text(raw.CLIENT_LOCAL_PROGRAM, path)
	}
	return to.err
}

// Err returns the error of an invalid setting, or nil.
func (c *Client) Err() error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.err
}

// BaseURL returns the URL of the client's server.
func (c *Client) BaseURL() string { return c.setting(raw.CLIENT_BASE_URL) }

// setting returns a setting that is text; "" if it is not set.
func (c *Client) setting(number int32) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.handle == 0 {
		return ""
	}
	var size int
	raw.Client_text(c.handle, number, nil, &size, 0)
	text := make([]byte, size)
	if raw.Client_text(c.handle, number, text, &size, 0) != raw.OK {
		return ""
	}
	return string(text)
}

// Close releases the client's connections. Operations in progress continue; later ones fail with [ErrClosed]. It may be
// called again. Without it the garbage collector does the same.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle != 0 {
		c.cleanup.Stop()
		raw.Client_free(c.handle)
		c.handle = 0
		c.err = closed("client")
	}
	return nil
}

// String returns the URL of the client's server for fmt, or why there is none.
func (c *Client) String() string {
	if err := c.Err(); err != nil {
		return "agentkernel.Client(" + strings.TrimPrefix(err.Error(), prefix) + ")"
	}
	return "agentkernel.Client(" + c.BaseURL() + ")"
}

// Version returns the version of the underlying library, with libcurl's.
func Version() string { return raw.Version_text() }
