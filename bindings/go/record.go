package agentkernel

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// Record is common to all records.
type Record struct {
	// Raw is the record as the server sent it, which is JSON (an event's need not be), with members that this library does
	// not know.
	Raw string `json:"raw"`

	has uint64 // a bit for each field of the operation
	op  *operation
}

// Has reports whether the server sent a field, by its name on the wire, and not null. It tells an absent field from a
// zero.
func (r *Record) Has(name string) bool {
	if r.op == nil {
		return false
	}
	i := slices.Index(r.op.fields, name)
	return i >= 0 && r.has&(1<<i) != 0
}

func (r *Record) record() *Record { return r }

// operation is the library's description of an operation.
type operation struct {
	id     int32
	fields []string // their names, in the order of a record's values
}

var operations sync.Map // of int32 to *operation

func operationOf(id int32) *operation {
	if known, ok := operations.Load(id); ok {
		return known.(*operation)
	}
	op := &operation{id: id}
	for key := raw.Field_at(id, 0); key != 0; key = raw.Field_at(id, len(op.fields)) {
		op.fields = append(op.fields, raw.Key_name(key))
	}
	known, _ := operations.LoadOrStore(id, op)
	return known.(*operation)
}

// readable is a pointer to a record. Its read stores the field that a value's key names, and ignores an unknown key: a
// newer library may have more.
type readable interface {
	record() *Record
	read(from *reader, value *raw.Value)
}

// reader copies fields of a call's current record out of the library's memory. It keeps the first error.
type reader struct {
	call *call
	err  error
}

// decode fills a record from values, which are in the order of the operation's fields. It may hold another record
// of the operation: what is absent or null now becomes zero.
func (r *reader) decode(values []raw.Value, into readable) error {
	base := into.record()
	before := base.has
	base.op, base.has = r.call.op, 0
	for i := range values {
		bit := uint64(1) << i
		if values[i].Type > raw.TYPE_NULL {
			base.has |= bit
		} else if before&bit == 0 { // as with most fields of an event
			continue
		}
		into.read(r, &values[i])
	}
	return r.err
}

func (r *reader) text(from *raw.Value, to *string) {
	if text := from.Bytes(); *to != string(text) { // an unchanged text, such as an event's type, needs no allocation
		*to = string(text)
	}
}

func (r *reader) textPointer(from *raw.Value, to **string) {
	*to = nil
	if from.Type > raw.TYPE_NULL {
		text := string(from.Bytes())
		*to = &text
	}
}

func (r *reader) bytes(from *raw.Value, to *[]byte) {
	*to = nil
	if from.Type > raw.TYPE_NULL {
		*to = append(make([]byte, 0, from.Len()), from.Bytes()...)
	}
}

func (r *reader) json(from *raw.Value, to *json.RawMessage) { r.bytes(from, (*[]byte)(to)) }

func (r *reader) flag(from *raw.Value, to *bool) { *to = from.Integer != 0 }

func (r *reader) long(from *raw.Value, to *int64) { *to = from.Integer }

func (r *reader) integer(from *raw.Value, to *int) {
	*to = int(from.Integer)
	if int64(*to) != from.Integer && r.err == nil {
		r.err = &Error{Code: ErrProtocol, Operation: raw.Operation_name(r.call.op.id), Phase: "decode", Sent: SentAnswered,
			Message: fmt.Sprintf("%s: %d is too large", raw.Key_name(from.Key), from.Integer)}
	}
}

func (r *reader) list(from *raw.Value, to *[]string) {
	*to = nil
	if from.Type > raw.TYPE_NULL {
		*to = make([]string, from.Integer)
		for i := range *to {
			(*to)[i] = r.entry(raw.Call_view_at, from.Key, i)
		}
	}
}

func (r *reader) mapping(from *raw.Value, to *map[string]string) {
	*to = nil
	if from.Type > raw.TYPE_NULL {
		*to = make(map[string]string, from.Integer)
		for i := range int(from.Integer) {
			name := r.entry(raw.Call_key_at, from.Key, i)
			(*to)[name] = r.entry(raw.Call_view_at, from.Key, i)
		}
	}
}

// entry returns an entry of a list or map, or its name, by a function of the library.
func (r *reader) entry(by func(raw.Call, int32, int, *raw.View, raw.Error) int32, key int32, i int) string {
	view, fail := &r.call.out.view, r.call.fail
	if status := by(r.call.handle, key, i, view, fail); status < 0 {
		if r.err == nil {
			r.err = newError(Code(status), fail)
		}
		return ""
	}
	return string(view.Bytes())
}
