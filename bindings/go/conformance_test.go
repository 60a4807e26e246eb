package agentkernel_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// The cases of tests/conformance, through the methods of Client. No operation is named here: its method, its arguments
// (its first parameters) and its options are found by their names. Where content can be streamed, that is tested, too.

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
		runCases(t, file)
	}
}

// Each case of must_fail.json has one mistake. A child runs them, because a test cannot expect another to fail.
func TestConformanceMustFail(t *testing.T) {
	file := filepath.Join(tree, "tests/conformance/must_fail.json")
	if os.Getenv("AK_GO_MUST_FAIL") != "" {
		runCases(t, file)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestConformanceMustFail$", "-test.v", "-test.parallel=16")
	child.Env = append(os.Environ(), "AK_GO_MUST_FAIL=1")
	said, _ := child.Output()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Cases []struct{ ID string } }
	if err := json.Unmarshal(text, &content); err != nil || len(content.Cases) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, one := range content.Cases {
		if one.ID == "wrong.list-null" || one.ID == "wrong.map-null" {
			continue // an entry that is null is empty in Go
		}
		if !strings.Contains(string(said), "--- FAIL: TestConformanceMustFail/"+one.ID+" ") {
			t.Errorf("%s does not fail", one.ID)
		}
	}
}

func runCases(t *testing.T, file string) {
	anybody := newClient(t, nil)
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
		json.Unmarshal(one, &c) // for its id; then it is checked
		t.Run(c.ID, func(t *testing.T) {
			strictly(t, one, &c)
			if c.About == "" || c.Server == nil || c.Calls == nil || c.Requests == nil {
				t.Fatal("about, server, calls or requests is missing")
			}
			t.Parallel()
			c.run(t, methodOf)
		})
		for _, call := range c.Calls {
			if streamingMethodOf(t, anybody, call.Operation).IsValid() {
				t.Run(c.ID+"/streaming", func(t *testing.T) {
					t.Parallel()
					c.run(t, streamingMethodOf)
				})
				break
			}
		}
	}
}

// strictly decodes JSON with numbers as written, and fails on unknown members.
func strictly(t *testing.T, text []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in %.100s", err, text)
	}
}

// finder finds the method of an operation.
type finder func(t *testing.T, client *agentkernel.Client, operation string) reflect.Value

func (c conformanceCase) run(t *testing.T, find finder) {
	defer func() {
		if thrown := recover(); thrown != nil {
			t.Errorf("the case is not of the format: %v", thrown)
		}
	}()
	server := fault(t, string(c.Server))
	if c.Client["base_url"] == nil {
		c.Client = mergeOne(c.Client, "base_url", "$URL")
	}
	opts := &agentkernel.Options{}
	slow := int64(1)
	if c.timesOut() {
		slow = slowness(t)
	}
	for name, value := range stretched(c.Client, slow) {
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
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for _, call := range c.Calls {
		method := find(t, client, call.Operation)
		if !method.IsValid() {
			method = methodOf(t, client, call.Operation)
		} else if call.Error["phase"] == "decode" && method.Type().Out(0) == reflect.TypeFor[[]byte]() {
			call.Error = maps.Clone(call.Error)
			delete(call.Error, "phase") // what is decoded as it arrives may fail while it is received
		}
		records, err := callMethod(t, ctx, method, agentkernel.OperationNamed(call.Operation), stretched(call.Arguments, slow))
		if len(records) != len(call.Records) {
			t.Errorf("%d records, not %d: %+v, %v", len(records), len(call.Records), records, err)
		} else {
			for i, wanted := range call.Records {
				compareRecord(t, agentkernel.OperationNamed(call.Operation), records[i], wanted)
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

// timesOut reports whether a deadline is to pass.
func (c conformanceCase) timesOut() bool {
	for _, call := range c.Calls {
		if call.Error["code"] == "AK_E_TIMEOUT" {
			return true
		}
	}
	return false
}

// stretched has longer deadlines, for a machine slower by a factor.
func stretched(values map[string]any, slow int64) map[string]any {
	values = maps.Clone(values)
	for name, value := range values {
		if number, ok := value.(json.Number); ok && strings.HasSuffix(name, "timeout_ms") {
			if milliseconds, err := number.Int64(); err == nil {
				values[name] = json.Number(strconv.FormatInt(milliseconds*slow, 10))
			}
		}
	}
	return values
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

// callMethod calls the method of an operation, and returns its results as a list.
func callMethod(t *testing.T, ctx context.Context, method reflect.Value, operation agentkernel.OperationTold, arguments map[string]any) ([]reflect.Value, error) {
	in := []reflect.Value{reflect.ValueOf(ctx)}
	left := mergeOne(arguments, "", nil)
	delete(left, "")
	checkSize(t, left)
	for _, name := range operation.Parameters[:method.Type().NumIn()-2] {
		value := reflect.New(method.Type().In(len(in))).Elem()
		if given, ok := left[name]; ok {
			setValue(t, value, name, given)
			if given == "" && value.Kind() == reflect.String && !operation.Required[name] {
				t.Skipf("%s: an empty text says nothing in Go's arguments", name)
			}
		} else if name == "content" {
			t.Skip("a content that is nil is empty in Go")
		} else if name == "size" { // of a reader
			value.SetInt(int64(len(text(t, arguments["content"]))))
		}
		delete(left, name)
		in = append(in, value)
	}
	delete(left, "size") // part of the slice
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
	case []byte:
		return []reflect.Value{reflect.ValueOf(&justContent{result})}, failed
	default:
		records := out[0]
		if records.Kind() == reflect.Pointer {
			records = records.Elem().FieldByName("Results") // of several commands
		}
		if !records.IsValid() {
			return []reflect.Value{out[0]}, failed
		}
		var list []reflect.Value
		for i := range records.Len() {
			list = append(list, records.Index(i).Addr())
		}
		return list, failed
	}
}

// checkSize skips cases that cannot be expressed: a slice has its own size.
func checkSize(t *testing.T, arguments map[string]any) {
	t.Helper()
	if size, ok := arguments["size"]; ok && number(t, size) != int64(len(text(t, arguments["content"]))) {
		t.Skip("a size that is not the content's: TestReadersThatFail")
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

// methodOf finds exec_in_sandbox as ExecInSandbox. Where a method returns less than the record, another returns all of
// it: Health and HealthInfo.
func methodOf(t *testing.T, client *agentkernel.Client, operation string) reflect.Value {
	t.Helper()
	name := methodName(operation)
	for _, name := range []string{name + "Info", name} {
		if method := reflect.ValueOf(client).MethodByName(name); method.IsValid() {
			return method
		}
	}
	t.Fatalf("no method %s", name)
	return reflect.Value{}
}

// streamingMethodOf finds a method that takes the operation's content from a reader, or returns only the record's
// content, read from one.
func streamingMethodOf(t *testing.T, client *agentkernel.Client, operation string) reflect.Value {
	t.Helper()
	if method := reflect.ValueOf(client).MethodByName(methodName(operation) + "From"); method.IsValid() {
		return method
	}
	method := reflect.ValueOf(client).MethodByName(methodName(operation))
	if method.IsValid() && method.Type().Out(0) == reflect.TypeFor[[]byte]() {
		return method
	}
	return reflect.Value{}
}

// justContent is a record with its content only.
type justContent struct {
	Content []byte `json:"content"`
}

func methodName(operation string) (name string) {
	for _, word := range strings.Split(operation, "_") {
		switch word {
		case "uuid", "ttl":
			name += strings.ToUpper(word)
		default:
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return name
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

// memberByName finds a member by its name on the wire: options are not tagged with it.
func memberByName(record reflect.Value, name string) reflect.Value {
	plain := strings.ReplaceAll(strings.TrimSuffix(name, "_ms"), "_", "")
	for _, member := range reflect.VisibleFields(record.Type().Elem()) {
		if tag := member.Tag.Get("json"); tag == name || tag == "" && strings.EqualFold(member.Name, plain) {
			return record.Elem().FieldByIndex(member.Index)
		}
	}
	return reflect.Value{}
}

func setValue(t *testing.T, to reflect.Value, name string, value any) {
	t.Helper()
	switch to.Interface().(type) {
	case time.Duration:
		setTimeout(t, to, value)
		return
	case []string:
		to.Set(reflect.ValueOf(list(t, value)))
		return
	case []byte:
		to.SetBytes([]byte(text(t, value)))
		return
	case map[string]string:
		entries := map[string]string{}
		for name, value := range value.(map[string]any) {
			entries[name] = text(t, value)
		}
		to.Set(reflect.ValueOf(entries))
		return
	case []agentkernel.BatchCommand:
		commands := []agentkernel.BatchCommand{}
		for _, words := range value.([]any) {
			commands = append(commands, agentkernel.BatchCommand{Command: list(t, words.([]any))})
		}
		to.Set(reflect.ValueOf(commands))
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
	case reflect.Interface:
		setInterface(t, to, value)
	default:
		t.Fatalf("%s is of type %s", name, to.Type())
	}
}

func setTimeout(t *testing.T, to reflect.Value, value any) {
	t.Helper()
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
}

// setInterface sets a reader of content, or JSON.
func setInterface(t *testing.T, to reflect.Value, value any) {
	t.Helper()
	if to.Type() == reflect.TypeFor[io.Reader]() {
		to.Set(reflect.ValueOf(strings.NewReader(text(t, value))))
		return
	}
	wrapped := value.(map[string]any)
	coded, err := json.Marshal(expanded(t, wrapped["json"]))
	if err != nil || len(wrapped) != 1 {
		t.Fatalf("%v is no JSON of a case (%v)", value, err)
	}
	to.Set(reflect.ValueOf(json.RawMessage(coded)))
}

// list is a list of texts; env may be a map.
func list(t *testing.T, value any) []string {
	t.Helper()
	list := []string{}
	if entries, ok := value.(map[string]any); ok {
		for name, value := range entries {
			if strings.Contains(name, "=") {
				t.Skipf("%q cannot be a name in a list of NAME=VALUE", name)
			}
			list = append(list, name+"="+text(t, value))
		}
		return list
	}
	for _, entry := range value.([]any) {
		list = append(list, text(t, entry))
	}
	return list
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
