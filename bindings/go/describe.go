package agentkernel

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// describe returns the text of a record or of options for fmt: the members that are set, without those that only point
// to memory, and what pointers point to. A zero is shown where the record has it; Raw is left out, since it would say
// everything twice. Of a hidden member it says only that it is set.
func describe(value any, record *Record, hidden ...string) string {
	from := reflect.ValueOf(value)
	var members []string
	for _, member := range reflect.VisibleFields(from.Type()) {
		field := from.FieldByIndex(member.Index)
		sent := record != nil && record.Has(member.Tag.Get("json"))
		if member.Anonymous || !member.IsExported() || member.Name == "Raw" || field.IsZero() && !sent {
			continue
		}
		text := "***"
		if !slices.Contains(hidden, member.Name) {
			text = describeValue(field)
		}
		if record == nil {
			text = userInfo.ReplaceAllString(text, "//***@")
		}
		members = append(members, member.Name+":"+text)
	}
	return from.Type().Name() + "{" + strings.Join(members, " ") + "}"
}

// userInfo is what precedes the host in a URL: a name with a password, or a token.
var userInfo = regexp.MustCompile(`//[^/\s"]*@`)

func describeValue(value reflect.Value) string {
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		if value.IsNil() {
			return "nil"
		}
		value = value.Elem()
	}
	switch text, isJSON := value.Interface().(json.RawMessage); {
	case isJSON:
		return string(text)
	case value.Kind() == reflect.Func:
		return "set"
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		return fmt.Sprint(value.Interface())
	case slices.Contains([]reflect.Kind{reflect.String, reflect.Slice, reflect.Map}, value.Kind()):
		return fmt.Sprintf("%q", value.Interface())
	}
	return fmt.Sprintf("%+v", value.Interface())
}

// describe returns the text of what makes a call.
func (c *call) describe(kind string) string {
	return "agentkernel." + kind + "(" + raw.Operation_name(c.op.id) + ")"
}
