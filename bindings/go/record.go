package agentkernel

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// Record is what all records have.
type Record struct {
	// Raw is the record as the server sent it, which is JSON (an event's need not be); members that this library does not
	// know are here.
	Raw string `json:"raw"`

	has    uint64 // a bit for each field of the operation
	fields *operation
}

// Has says whether the server sent a field, by its name on the wire, and not null. It tells "not there" from a zero.
func (r *Record) Has(name string) bool {
	if r.fields == nil {
		return false
	}
	for i, field := range r.fields.fields {
		if field.name == name {
			return r.has&(1<<i) != 0
		}
	}
	return false
}

func (r *Record) record() *Record { return r }

// operation is what the library tells of one.
type operation struct {
	id      int32
	fields  []field
	targets sync.Map // of the reflect.Type of records to [][]int: the member for each field
}

type field struct {
	key, kind int32
	name      string
}

var operations sync.Map // of int32 to *operation

func operationOf(id int32) *operation {
	if known, ok := operations.Load(id); ok {
		return known.(*operation)
	}
	op := &operation{id: id}
	for i := 0; ; i++ {
		key := raw.Field_at(id, i)
		if key == 0 {
			break
		}
		op.fields = append(op.fields, field{key, raw.Field_type(id, key), raw.Key_name(key)})
	}
	known, _ := operations.LoadOrStore(id, op)
	return known.(*operation)
}

// targetsOf finds the member of a record's type for each field; nil where it has none.
func (op *operation) targetsOf(record reflect.Type) [][]int {
	if known, ok := op.targets.Load(record); ok {
		return known.([][]int)
	}
	targets := make([][]int, len(op.fields))
	for _, member := range reflect.VisibleFields(record) {
		for i, field := range op.fields {
			if member.Tag.Get("json") == field.name {
				targets[i] = member.Index
			}
		}
	}
	op.targets.Store(record, targets)
	return targets
}

// decode fills a record (a pointer to a struct that embeds Record) with the call's current one.
func (c *call) decode(record interface{ record() *Record }) error {
	if c.values == nil {
		c.values = make([]raw.Value, len(c.op.fields))
	}
	if status := raw.Call_values(c.handle, c.values, &c.out.size, c.fail); status < 0 {
		return newError(Code(status), c.fail)
	}
	base := record.record()
	base.fields, base.has = c.op, 0
	value := reflect.ValueOf(record).Elem()
	for i, target := range c.op.targetsOf(value.Type()) {
		from := &c.values[i]
		there := from.Type > raw.TYPE_NULL
		if there {
			base.has |= 1 << i
		}
		if target == nil {
			continue
		}
		if member := value.FieldByIndex(target); !there {
			member.SetZero()
		} else if err := c.store(member, from); err != nil {
			return err
		}
	}
	return nil
}

// store sets a member of a record.
func (c *call) store(member reflect.Value, from *raw.Value) error {
	switch from.Type {
	case raw.TYPE_INT:
		if member.OverflowInt(from.Integer) {
			return &Error{Code: ErrProtocol, Operation: raw.Operation_name(c.op.id), Phase: "decode", Sent: SentAnswered,
				Message: fmt.Sprintf("%s: %d is too large", raw.Key_name(from.Key), from.Integer)}
		}
		member.SetInt(from.Integer)
	case raw.TYPE_BOOL:
		member.SetBool(from.Integer != 0)
	case raw.TYPE_LIST:
		return c.storeList(member, from)
	case raw.TYPE_MAP:
		return c.storeMap(member, from)
	default: // text, bytes and JSON
		if member.Kind() == reflect.String {
			// The same text again (an event's type) needs no new memory.
			if text := from.Bytes(); member.String() != string(text) {
				member.SetString(string(text))
			}
		} else {
			member.SetBytes(append(make([]byte, 0, from.Len()), from.Bytes()...))
		}
	}
	return nil
}

func (c *call) storeList(member reflect.Value, from *raw.Value) error {
	list := make([]string, from.Integer)
	for i := range list {
		if status := raw.Call_view_at(c.handle, from.Key, i, &c.out.view, c.fail); status < 0 {
			return newError(Code(status), c.fail)
		}
		list[i] = string(c.out.view.Bytes())
	}
	member.Set(reflect.ValueOf(list))
	return nil
}

func (c *call) storeMap(member reflect.Value, from *raw.Value) error {
	entries := make(map[string]string, from.Integer)
	for i := range int(from.Integer) {
		if status := raw.Call_key_at(c.handle, from.Key, i, &c.out.view, c.fail); status < 0 {
			return newError(Code(status), c.fail)
		}
		name := string(c.out.view.Bytes())
		if status := raw.Call_view_at(c.handle, from.Key, i, &c.out.view, c.fail); status < 0 {
			return newError(Code(status), c.fail)
		}
		entries[name] = string(c.out.view.Bytes())
	}
	member.Set(reflect.ValueOf(entries))
	return nil
}
