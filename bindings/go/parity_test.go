package agentkernel_test

import (
	"io"
	"reflect"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// All that the library's own tables list exists here: a method for each operation, an argument or option for each
// parameter, a member for each field, a member of Options for each setting, a constant for each error.
func TestParity(t *testing.T) {
	client := newClient(t, nil)
	operations := agentkernel.Operations()
	if len(operations) < 38 {
		t.Fatalf("the library has only %d operations", len(operations))
	}
	for _, operation := range operations {
		method := methodOf(t, client, operation.Name).Type()
		options := method.In(method.NumIn() - 1)
		if method.IsVariadic() {
			options = options.Elem()
		}
		for i, name := range operation.Parameters {
			if i >= method.NumIn()-2 && !memberByName(reflect.New(options.Elem()), name).IsValid() &&
				!(operation.Writable && name == "size" && takesReader(client, operation.Name)) {
				t.Errorf("%s lacks the parameter %s", operation.Name, name)
			}
		}
		result := method.Out(0)
		if result == reflect.TypeFor[*agentkernel.Stream]() {
			result = reflect.TypeFor[agentkernel.Event]()
		} else if method.NumOut() == 1 {
			if len(operation.Fields) > 0 {
				t.Errorf("%s gives nothing", operation.Name)
			}
			continue
		} else {
			result = result.Elem()
			if results, ok := result.FieldByName("Results"); ok {
				result = results.Type.Elem()
			}
		}
		for _, name := range operation.Fields {
			if !memberByName(reflect.New(result), name).IsValid() {
				t.Errorf("%s lacks the field %s", operation.Name, name)
			}
		}
	}
	for name := range agentkernel.LedgerConstants(t, "AK_CLIENT_") {
		if !memberByName(reflect.ValueOf(&agentkernel.Options{}), name).IsValid() {
			t.Errorf("Options lacks %s", name)
		}
	}
}

// takesReader reports whether a method takes the operation's content from a reader, and its size.
func takesReader(client *agentkernel.Client, operation string) bool {
	method := reflect.ValueOf(client).MethodByName(methodName(operation) + "From")
	return method.IsValid() && method.Type().In(3) == reflect.TypeFor[io.Reader]() && method.Type().In(4) == reflect.TypeFor[int64]()
}

// An option that an older library does not know is refused, not ignored.
func TestNoParameterIsPassedOver(t *testing.T) {
	server := fault(t, silent)
	_, err := server.client(t).RunStream(bounded(t), []string{"x"}, &agentkernel.RunOptions{Check: new(bool)})
	if err == nil {
		t.Error("run_stream has no check")
	}
}
