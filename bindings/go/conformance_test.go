package agentkernel_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// The cases of tests/conformance, through the methods of Client. No operation is known here by name: its method, its
// arguments (what the library says is required) and its options are found by theirs.

type conformanceCase struct {
	ID          string
	About       string
	Shows       []string
	Client      map[string]any
	Server      json.RawMessage
	ClientError map[string]any `json:"client_error"`
	Calls       []struct {
		Operation string
		Arguments map[string]any
		Records   []map[string]any
		Error     map[string]any
	}
	Requests    []conformanceRequest
	Connections *int
}

type conformanceRequest struct {
	Method, Target string
	Headers        map[string]any
	JSON           *any
	Body           any
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(tree, "tests/conformance/cases/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var content struct {
			Version int
			Cases   []json.RawMessage
		}
		strictly(t, text, &content)
		if content.Version != 1 {
			t.Fatalf("%s: version %d", file, content.Version)
		}
		for _, one := range content.Cases {
			var c conformanceCase
			strictly(t, one, &c)
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	}
}

// strictly decodes JSON with numbers as they stand, and fails on members that it does not know.
func strictly(t *testing.T, text []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in %.100s", err, text)
	}
}

func (c *conformanceCase) run(t *testing.T) {
	server := fault(t, string(c.Server))
	if c.Client["base_url"] == nil {
		c.Client = mergeOne(c.Client, "base_url", "$URL")
	}
	opts := &agentkernel.Options{}
	for name, value := range c.Client {
		if text, ok := value.(string); ok {
			for _, place := range []string{"url", "port", "ca_file", "client_certificate_file", "client_key_file"} {
				text = strings.ReplaceAll(text, "$"+strings.ToUpper(place), placeholder(server.answer[place]))
			}
			value = text
		}
		setOption(t, reflect.ValueOf(opts), name, value)
	}
	client := agentkernel.New(opts)
	defer client.Close()
	if c.ClientError != nil {
		compareError(t, client.Err(), c.ClientError)
	} else if err := client.Err(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	for _, call := range c.Calls {
		records, err := callByName(t, ctx, client, call.Operation, call.Arguments)
		if len(records) != len(call.Records) {
			t.Errorf("%d records, not %d: %+v, %v", len(records), len(call.Records), records, err)
		} else {
			for i, wanted := range call.Records {
				compareRecord(t, records[i], wanted)
			}
		}
		if call.Error == nil && err != nil {
			t.Error(err)
		} else if call.Error != nil {
			compareError(t, err, call.Error)
		}
	}
	c.compareRequests(t, server)
}

func placeholder(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func mergeOne(values map[string]any, name string, value any) map[string]any {
	merged := map[string]any{name: value}
	for name, value := range values {
		merged[name] = value
	}
	return merged
}

// callByName calls the method of an operation, and makes a list of what it gives.
func callByName(t *testing.T, ctx context.Context, client *agentkernel.Client, operation string, arguments map[string]any) ([]reflect.Value, error) {
	method := methodOf(t, client, operation)
	in := []reflect.Value{reflect.ValueOf(ctx)}
	left := mergeOne(arguments, "", nil)
	delete(left, "")
	for _, name := range agentkernel.RequiredParameters(operation) {
		value := reflect.New(method.Type().In(len(in))).Elem()
		if given, ok := left[name]; ok {
			setValue(t, value, name, given)
		}
		delete(left, name)
		in = append(in, value)
	}
	last := method.Type().In(len(in))
	if method.Type().IsVariadic() {
		last = last.Elem()
	}
	opts := reflect.New(last.Elem())
	for name, value := range left {
		setOption(t, opts, name, value)
	}
	out := method.Call(append(in, opts))
	failed, _ := out[len(out)-1].Interface().(error)
	if len(out) == 1 || out[0].IsZero() {
		return nil, failed
	}
	switch result := out[0].Interface().(type) {
	case *agentkernel.Stream:
		return drain(result)
	default:
		if out[0].Kind() == reflect.Pointer {
			return []reflect.Value{out[0]}, failed
		}
		var list []reflect.Value
		for i := range out[0].Len() {
			list = append(list, out[0].Index(i).Addr())
		}
		return list, failed
	}
}

func drain(stream *agentkernel.Stream) (list []reflect.Value, err error) {
	defer stream.Close()
	for {
		event, err := stream.Recv()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, reflect.ValueOf(&event))
	}
}

// methodOf finds exec_in_sandbox as ExecInSandbox.
func methodOf(t *testing.T, client *agentkernel.Client, operation string) reflect.Value {
	t.Helper()
	if operation == "health" { // Health gives the status alone
		operation = "health_info"
	}
	name := ""
	for _, word := range strings.Split(operation, "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	method := reflect.ValueOf(client).MethodByName(name)
	if !method.IsValid() {
		t.Fatalf("no method %s", name)
	}
	return method
}

func setOption(t *testing.T, opts reflect.Value, name string, value any) {
	t.Helper()
	field := memberByName(opts, name)
	if !field.IsValid() {
		t.Fatalf("%s has no option %s", opts.Type(), name)
	}
	setValue(t, field, name, value)
	if field.IsZero() && value != "default" {
		t.Skipf("%s: a zero says nothing in Go's options, so %v cannot be said", name, value)
	}
}

func memberByName(record reflect.Value, name string) reflect.Value {
	for _, member := range reflect.VisibleFields(record.Type().Elem()) {
		if member.Tag.Get("json") == name {
			return record.Elem().FieldByIndex(member.Index)
		}
	}
	return reflect.Value{}
}

func setValue(t *testing.T, to reflect.Value, name string, value any) {
	t.Helper()
	switch to.Interface().(type) {
	case time.Duration:
		switch {
		case value == "none":
			to.SetInt(int64(agentkernel.NoTimeout))
		case value == "default":
			to.SetInt(0)
		case number(t, value) == 0: // less than a millisecond
			to.SetInt(1)
		default:
			to.SetInt(number(t, value) * int64(time.Millisecond))
		}
		return
	case []string:
		list := []string{}
		if entries, ok := value.(map[string]any); ok { // env as a map
			for name, value := range entries {
				if strings.Contains(name, "=") {
					t.Skipf("%q cannot be a name in a list of NAME=VALUE", name)
				}
				list = append(list, name+"="+text(t, value))
			}
		} else {
			for _, entry := range value.([]any) {
				list = append(list, text(t, entry))
			}
		}
		to.Set(reflect.ValueOf(list))
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		setValue(t, to.Elem(), name, value)
	case reflect.String:
		to.SetString(text(t, value))
	case reflect.Bool:
		to.SetBool(value.(bool))
	case reflect.Int, reflect.Int64:
		to.SetInt(number(t, value))
	default:
		t.Fatalf("%s is of type %s", name, to.Type())
	}
}

// text is a text of a case: itself, base64 or repeated.
func text(t *testing.T, value any) string {
	t.Helper()
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		if coded, ok := v["base64"].(string); ok && len(v) == 1 {
			decoded, err := base64.StdEncoding.DecodeString(coded)
			if err != nil {
				t.Fatal(err)
			}
			return string(decoded)
		}
		if repeated, ok := v["repeat"].(string); ok && len(v) == 2 {
			return strings.Repeat(repeated, int(number(t, v["times"])))
		}
	}
	t.Fatalf("no text: %v", value)
	return ""
}

func number(t *testing.T, value any) int64 {
	t.Helper()
	number, err := strconv.ParseInt(fmt.Sprint(value), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}
