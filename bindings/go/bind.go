package agentkernel

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// arg is a parameter that is not among the options.
type arg struct {
	key   int32
	value any
}

// binder binds values to keys: parameters of a call, or settings of a client.
type binder interface {
	text(key int32, value string) error // an empty one is an empty map, too
	number(key int32, value int64) error
	entry(key int32, value string) error
	pair(key int32, name, value string) error
	list(key int32) error
}

type callBinder struct {
	call raw.Call
	fail raw.Error
}

func (b callBinder) text(key int32, value string) error {
	return errorOf(raw.Call_set_text(b.call, key, value, b.fail), b.fail)
}

func (b callBinder) number(key int32, value int64) error {
	return errorOf(raw.Call_set_int(b.call, key, value, b.fail), b.fail)
}

func (b callBinder) entry(key int32, value string) error {
	return errorOf(raw.Call_add_text(b.call, key, value, b.fail), b.fail)
}

func (b callBinder) pair(key int32, name, value string) error {
	return errorOf(raw.Call_put_text(b.call, key, name, value, b.fail), b.fail)
}

func (b callBinder) list(key int32) error {
	return errorOf(raw.Call_add_list(b.call, key, b.fail), b.fail)
}

// clientBinder is for settings, none of which is a list or map.
type clientBinder struct {
	client raw.Client
	fail   raw.Error
}

func (b clientBinder) text(key int32, value string) error {
	return errorOf(raw.Client_set_text(b.client, key, value, b.fail), b.fail)
}

func (b clientBinder) number(key int32, value int64) error {
	return errorOf(raw.Client_set_int(b.client, key, value, b.fail), b.fail)
}

func (b clientBinder) entry(int32, string) error        { return ErrArgument }
func (b clientBinder) pair(int32, string, string) error { return ErrArgument }
func (b clientBinder) list(int32) error                 { return ErrArgument }

// errorOf is the error of a function of the library that answered with a status.
func errorOf(status int32, fail raw.Error) error {
	if status < 0 {
		return newError(Code(status), fail)
	}
	return nil
}

// member is one field of a struct of options: where it is, and the key of its name.
type member struct {
	index []int
	key   int32
}

// optionMembers caches the members of each type of options.
var optionMembers sync.Map // of reflect.Type to []member

func membersOf(options reflect.Type, prefix string) []member {
	if known, ok := optionMembers.Load(options); ok {
		return known.([]member)
	}
	var members []member
	for _, field := range reflect.VisibleFields(options) {
		if name := field.Tag.Get("json"); name != "" {
			members = append(members, member{field.Index, constant(prefix + strings.ToUpper(name))})
		}
	}
	optionMembers.Store(options, members)
	return members
}

// constant is a number of the library by its name; one that an older library does not have is -1, which no function
// takes for a key.
func constant(name string) int32 {
	value := int64(-1)
	if raw.Constant(name, &value) != raw.OK {
		return -1
	}
	return int32(value)
}

// bindOptions binds the members of a pointer to a struct that are not zero. It stops at the first that is refused.
func bindOptions[T any](options *T, prefix string, to binder) error {
	if options == nil {
		return nil
	}
	value := reflect.ValueOf(options).Elem()
	for _, member := range membersOf(value.Type(), prefix) {
		field := value.FieldByIndex(member.index)
		if field.IsZero() {
			continue
		}
		if err := bindMember(to, member.key, field); err != nil {
			return err
		}
	}
	return nil
}

func bindMember(to binder, key int32, value reflect.Value) error {
	switch value.Kind() {
	case reflect.Pointer:
		return bindMember(to, key, value.Elem())
	case reflect.String:
		return to.text(key, value.String())
	case reflect.Bool:
		if value.Bool() {
			return to.number(key, 1)
		}
		return to.number(key, 0)
	case reflect.Int:
		return to.number(key, value.Int())
	}
	return bindAny(to, key, value.Interface())
}

// asJSON is a value that is sent as JSON, whatever its type.
type asJSON struct{ value any }

// bindAny binds an argument, or a member of options that is more than text or number. A map that is empty but not nil is
// sent as such: it takes away what there is.
func bindAny(to binder, key int32, value any) error {
	switch value := value.(type) {
	case string:
		return to.text(key, value)
	case []byte:
		return to.text(key, unsafe.String(unsafe.SliceData(value), len(value))) // the library makes its own copy
	case int64:
		return to.number(key, value)
	case time.Duration:
		return to.number(key, milliseconds(value))
	case []string:
		return bindList(to, key, value)
	case map[string]string:
		return bindMap(to, key, value)
	case []BatchCommand:
		return bindLists(to, key, value)
	case asJSON:
		return bindJSON(to, key, value.value)
	}
	return bindJSON(to, key, value)
}

func bindList(to binder, key int32, list []string) error {
	for _, entry := range list {
		if err := to.entry(key, entry); err != nil {
			return err
		}
	}
	return nil
}

func bindMap(to binder, key int32, entries map[string]string) error {
	if entries != nil && len(entries) == 0 {
		return to.text(key, "")
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) { // the same request each time
		if err := to.pair(key, name, entries[name]); err != nil {
			return err
		}
	}
	return nil
}

func bindLists(to binder, key int32, commands []BatchCommand) error {
	for _, one := range commands {
		if err := to.list(key); err != nil {
			return err
		}
		for _, word := range one.Command {
			if err := to.entry(key, word); err != nil {
				return err
			}
		}
	}
	return nil
}

func bindJSON(to binder, key int32, value any) error {
	if value == nil {
		return nil
	}
	text, ok := value.(json.RawMessage) // the library says what is wrong with it
	if !ok {
		var err error
		if text, err = json.Marshal(value); err != nil {
			return &Error{Code: ErrArgument, Message: raw.Key_name(key) + ": it cannot be made JSON", Phase: "bind",
				Sent: SentNothing, causes: []error{err}}
		}
	}
	return to.text(key, string(text))
}

func milliseconds(timeout time.Duration) int64 {
	if timeout == NoTimeout {
		return int64(raw.TIMEOUT_NONE)
	}
	if timeout < 0 { // no such timeout: the library says so
		return -3
	}
	return timeout.Milliseconds()
}
