package agentkernel

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"unsafe"

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
	id     int32
	fields []field
	places sync.Map // of the reflect.Type of records to []place: where each field goes
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

// place is a member of a record: a stream's events are too many for reflection at each.
type place struct {
	offset uintptr
	store  func(c *call, member unsafe.Pointer, from *raw.Value) error // nil when there is no such member
	clear  func(member unsafe.Pointer)
}

// placesOf finds the place for each field, by the names of both.
func (op *operation) placesOf(record reflect.Type) []place {
	if known, ok := op.places.Load(record); ok {
		return known.([]place)
	}
	places := make([]place, len(op.fields))
	for _, member := range reflect.VisibleFields(record) {
		for i, field := range op.fields {
			if member.Tag.Get("json") == field.name {
				places[i] = placeOf(record, member)
			}
		}
	}
	op.places.Store(record, places)
	return places
}

func placeOf(record reflect.Type, member reflect.StructField) place {
	offset := member.Offset
	if len(member.Index) > 1 { // a member of Record, which is embedded
		offset += record.Field(member.Index[0]).Offset
	}
	switch reflect.Zero(member.Type).Interface().(type) {
	case string:
		return place{offset, storeText, clearAs[string]}
	case *string:
		return place{offset, storeTextPointer, clearAs[*string]}
	case []byte, json.RawMessage:
		return place{offset, storeBytes, clearAs[[]byte]}
	case int:
		return place{offset, storeInt[int], clearAs[int]}
	case int64:
		return place{offset, storeInt[int64], clearAs[int64]}
	case bool:
		return place{offset, storeBool, clearAs[bool]}
	case []string:
		return place{offset, storeList, clearAs[[]string]}
	case map[string]string:
		return place{offset, storeMap, clearAs[map[string]string]}
	}
	panic(fmt.Sprintf("agentkernel: a record's %s is of type %s", member.Name, member.Type))
}

func clearAs[T any](member unsafe.Pointer) { *(*T)(member) = *new(T) }

// decode fills a record with what the call's values hold. It may have been filled by the same call before.
func decode[T any, P interface {
	*T
	record() *Record
}](c *call, into P) error {
	if c.places == nil {
		c.places = c.op.placesOf(reflect.TypeFor[T]())
	}
	base := into.record()
	before, has := base.has, uint64(0)
	base.fields = c.op
	for i := range c.places {
		place, from, bit := &c.places[i], &c.values[i], uint64(1)<<i
		if place.store == nil {
			if from.Type > raw.TYPE_NULL {
				has |= bit
			}
			continue
		}
		member := unsafe.Add(unsafe.Pointer(into), place.offset)
		if from.Type > raw.TYPE_NULL {
			has |= bit
			if err := place.store(c, member, from); err != nil {
				return err
			}
		} else if before&bit != 0 {
			place.clear(member)
		}
	}
	base.has = has
	return nil
}

func storeText(_ *call, member unsafe.Pointer, from *raw.Value) error {
	to := (*string)(member)
	if text := from.Bytes(); *to != string(text) { // the same again, as an event's type often is, needs no new memory
		*to = string(text)
	}
	return nil
}

func storeTextPointer(_ *call, member unsafe.Pointer, from *raw.Value) error {
	text := string(from.Bytes())
	*(**string)(member) = &text
	return nil
}

func storeBytes(_ *call, member unsafe.Pointer, from *raw.Value) error {
	*(*[]byte)(member) = append(make([]byte, 0, from.Len()), from.Bytes()...)
	return nil
}

func storeInt[T int | int64](c *call, member unsafe.Pointer, from *raw.Value) error {
	if int64(T(from.Integer)) != from.Integer {
		return &Error{Code: ErrProtocol, Operation: raw.Operation_name(c.op.id), Phase: "decode", Sent: SentAnswered,
			Message: fmt.Sprintf("%s: %d is too large", raw.Key_name(from.Key), from.Integer)}
	}
	*(*T)(member) = T(from.Integer)
	return nil
}

func storeBool(_ *call, member unsafe.Pointer, from *raw.Value) error {
	*(*bool)(member) = from.Integer != 0
	return nil
}

func storeList(c *call, member unsafe.Pointer, from *raw.Value) error {
	list := make([]string, from.Integer)
	for i := range list {
		if status := raw.Call_view_at(c.handle, from.Key, i, &c.out.view, c.fail); status < 0 {
			return newError(Code(status), c.fail)
		}
		list[i] = string(c.out.view.Bytes())
	}
	*(*[]string)(member) = list
	return nil
}

func storeMap(c *call, member unsafe.Pointer, from *raw.Value) error {
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
	*(*map[string]string)(member) = entries
	return nil
}
