package agentkernel

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
	"unsafe"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// binder binds the parameters of a call. Once the library has refused one, it binds no more and keeps the error.
type binder struct {
	call raw.Call
	fail raw.Error
	err  error
}

func (b *binder) text(key int32, value string) {
	if b.err == nil {
		b.err = errorOf(raw.Call_set_text(b.call, key, value, b.fail), b.fail)
	}
}

func (b *binder) integer(key int32, value int64) {
	if b.err == nil {
		b.err = errorOf(raw.Call_set_int(b.call, key, value, b.fail), b.fail)
	}
}

func (b *binder) bytes(key int32, value []byte) {
	b.text(key, unsafe.String(unsafe.SliceData(value), len(value))) // the library makes its own copy
}

func (b *binder) flag(key int32, value bool) {
	if value {
		b.integer(key, 1)
	} else {
		b.integer(key, 0)
	}
}

func (b *binder) duration(key int32, value time.Duration) { b.integer(key, milliseconds(value)) }

func (b *binder) list(key int32, entries []string) {
	for _, entry := range entries {
		if b.err == nil {
			b.err = errorOf(raw.Call_add_text(b.call, key, entry, b.fail), b.fail)
		}
	}
}

func (b *binder) lists(key int32, lists [][]string) {
	for _, entries := range lists {
		if b.err == nil {
			b.err = errorOf(raw.Call_add_list(b.call, key, b.fail), b.fail)
		}
		b.list(key, entries)
	}
}

// mapping binds entries in the order of their names, so that the request is the same each time. A map that is empty but
// not nil is sent as such: it removes the existing entries.
func (b *binder) mapping(key int32, entries map[string]string) {
	if entries != nil && len(entries) == 0 {
		b.text(key, "")
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if b.err == nil {
			b.err = errorOf(raw.Call_put_text(b.call, key, name, entries[name], b.fail), b.fail)
		}
	}
}

// json binds a value of any type, encoded; nil is not bound.
func (b *binder) json(key int32, value any) {
	if value == nil || b.err != nil {
		return
	}
	text, encoded := value.(json.RawMessage) // the library checks it
	if !encoded {
		var err error
		if text, err = json.Marshal(value); err != nil {
			b.err = &Error{Code: ErrArgument, Message: raw.Key_name(key) + ": it cannot be made JSON", Phase: "bind",
				Sent: SentNothing, causes: []error{err}}
			return
		}
	}
	b.bytes(key, text)
}

// object binds a value that encodes to an object; text is already encoded.
func (b *binder) object(key int32, value any) {
	switch value := value.(type) {
	case string:
		b.text(key, value)
	case []byte:
		b.bytes(key, value)
	default:
		b.json(key, value)
	}
}

// settings binds the settings of a client, as binder does the parameters of a call.
type settings struct {
	client raw.Client
	fail   raw.Error
	err    error
}

func (s *settings) text(setting int32, value string) {
	if s.err == nil {
		s.err = errorOf(raw.Client_set_text(s.client, setting, value, s.fail), s.fail)
	}
}

func (s *settings) integer(setting int32, value int64) {
	if s.err == nil {
		s.err = errorOf(raw.Client_set_int(s.client, setting, value, s.fail), s.fail)
	}
}

func (s *settings) duration(setting int32, value time.Duration) {
	s.integer(setting, milliseconds(value))
}

func milliseconds(timeout time.Duration) int64 {
	if timeout == NoTimeout {
		return int64(raw.TIMEOUT_NONE)
	}
	if timeout < 0 { // invalid: the library refuses it
		return -3
	}
	return timeout.Milliseconds()
}
