package agentkernel

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// arg is a parameter that is not among the options.
type arg struct {
	key   int32
	value any
}

// binder binds values to keys: parameters of a call, or settings of a client.
type binder interface {
	text(key int32, value string) int32
	number(key int32, value int64) int32
	entry(key int32, value string) int32
}

type callBinder struct {
	call raw.Call
	fail raw.Error
}

func (b callBinder) text(key int32, value string) int32 {
	return raw.Call_set_text(b.call, key, value, b.fail)
}

func (b callBinder) number(key int32, value int64) int32 {
	return raw.Call_set_int(b.call, key, value, b.fail)
}

func (b callBinder) entry(key int32, value string) int32 {
	return raw.Call_add_text(b.call, key, value, b.fail)
}

type clientBinder struct {
	client raw.Client
	fail   raw.Error
}

func (b clientBinder) text(key int32, value string) int32 {
	return raw.Client_set_text(b.client, key, value, b.fail)
}

func (b clientBinder) number(key int32, value int64) int32 {
	return raw.Client_set_int(b.client, key, value, b.fail)
}

func (b clientBinder) entry(key int32, _ string) int32 { return raw.E_ARGUMENT }

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
func bindOptions[T any](options *T, prefix string, to binder) int32 {
	if options == nil {
		return raw.OK
	}
	value := reflect.ValueOf(options).Elem()
	for _, member := range membersOf(value.Type(), prefix) {
		field := value.FieldByIndex(member.index)
		if field.IsZero() {
			continue
		}
		if status := bind(to, member.key, field); status < 0 {
			return status
		}
	}
	return raw.OK
}

var durationType = reflect.TypeFor[time.Duration]()

func bind(to binder, key int32, value reflect.Value) int32 {
	switch value.Kind() {
	case reflect.Pointer:
		return bind(to, key, value.Elem())
	case reflect.String:
		return to.text(key, value.String())
	case reflect.Bool:
		if value.Bool() {
			return to.number(key, 1)
		}
		return to.number(key, 0)
	case reflect.Int, reflect.Int64:
		if value.Type() == durationType {
			return to.number(key, milliseconds(time.Duration(value.Int())))
		}
		return to.number(key, value.Int())
	case reflect.Slice:
		for i := range value.Len() {
			if status := to.entry(key, value.Index(i).String()); status < 0 {
				return status
			}
		}
		return raw.OK
	}
	panic(fmt.Sprintf("agentkernel: an option of type %s", value.Type()))
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
