package agentkernel_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// Compares the results that a conformance case expects with the actual ones.

func compareRecord(t *testing.T, operation agentkernel.OperationTold, record reflect.Value, wanted map[string]any) {
	t.Helper()
	if just, ok := record.Interface().(*justContent); ok {
		if want, ok := wanted["content"].(map[string]any); ok && string(just.Content) != text(t, want["bytes"]) {
			t.Errorf("content is %q, not %v", just.Content, want)
		}
		return
	}
	for name, want := range wanted {
		member := memberByName(record, name)
		if !member.IsValid() {
			t.Errorf("%s has no member %s", record.Type(), name)
			continue
		}
		has := record.Interface().(interface{ Has(string) bool }).Has(name)
		if want == "null" || want == "absent" {
			if has || !member.IsZero() {
				t.Errorf("%s is %v, not %v", name, member, want)
			}
			continue
		}
		if len(want.(map[string]any)) != 1 {
			t.Errorf("%s has one type: %v", name, want)
		}
		for kind, want := range want.(map[string]any) {
			if told := operation.Types[name]; strings.TrimSuffix(kind, "_text") != told {
				t.Errorf("%s is of type %s, not %s", name, told, kind)
			}
			if !has || !sameField(t, member, kind, want) {
				t.Errorf("%s is %v (there: %v), not %s %v", name, member, has, kind, want)
			}
		}
	}
}

func sameField(t *testing.T, member reflect.Value, kind string, want any) bool {
	t.Helper()
	if member.Kind() == reflect.Pointer {
		member = member.Elem()
	}
	switch kind {
	case "text":
		got, ok := member.Interface().(string)
		return ok && got == text(t, want)
	case "bytes", "json_text":
		return string(member.Convert(reflect.TypeFor[[]byte]()).Bytes()) == text(t, want)
	case "int":
		return member.CanInt() && member.Int() == number(t, want)
	case "bool":
		got, ok := member.Interface().(bool)
		return ok && got == want
	case "list":
		list := []string{}
		for _, entry := range want.([]any) {
			list = append(list, entryText(t, entry))
		}
		got, ok := member.Interface().([]string)
		return ok && slices.Equal(got, list)
	case "map":
		entries := map[string]string{}
		for name, entry := range want.(map[string]any) {
			entries[name] = entryText(t, entry)
		}
		return reflect.DeepEqual(member.Interface(), entries)
	case "json":
		return sameJSON(t, member.Convert(reflect.TypeFor[[]byte]()).Bytes(), want)
	}
	t.Fatalf("an unknown type of field: %s", kind)
	return false
}

// entryText is an entry of a list or map as in Go: empty where it is null, JSON where it is not text.
func entryText(t *testing.T, entry any) string {
	t.Helper()
	if entry == nil {
		return ""
	}
	if wrapped, ok := entry.(map[string]any); ok && len(wrapped) == 1 {
		if value, ok := wrapped["json"]; ok {
			coded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			return string(coded)
		}
	}
	return text(t, entry)
}

func sameJSON(t *testing.T, got []byte, want any) bool {
	decoder := json.NewDecoder(bytes.NewReader(got))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Error(err)
		return false
	}
	return reflect.DeepEqual(value, expanded(t, want))
}

// expanded replaces repeated texts in a JSON value.
func expanded(t *testing.T, value any) any {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v["repeat"].(string); ok && len(v) == 2 && v["times"] != nil {
			return text(t, v)
		}
		whole := map[string]any{}
		for name, member := range v {
			whole[name] = expanded(t, member)
		}
		return whole
	case []any:
		whole := []any{}
		for _, entry := range v {
			whole = append(whole, expanded(t, entry))
		}
		return whole
	}
	return value
}

func compareError(t *testing.T, err error, wanted map[string]any) {
	t.Helper()
	var got *agentkernel.Error
	if !errors.As(err, &got) {
		t.Errorf("%v is no Error; wanted %v", err, wanted)
		return
	}
	sent := []string{"nothing", "some", "answered"}
	if wanted["code"] == nil {
		t.Error("an error has a code")
	}
	for name, want := range wanted {
		var have any
		switch name {
		case "code":
			have = got.Code.Error()
		case "http_status":
			have = got.StatusCode
		case "exit_code":
			have = got.ExitCode
		case "retry_after_ms":
			have = got.RetryAfter.Milliseconds()
		case "server_text":
			have = got.ServerText
		case "output":
			have = string(got.Output)
			if want == nil && got.Output != nil {
				t.Errorf("an output: %q", got.Output)
			}
		case "sent":
			have = sent[got.Sent]
		case "phase":
			have = got.Phase
		case "operation":
			have = got.Operation
		case "message_has", "message_lacks":
			for _, part := range want.([]any) {
				if strings.Contains(got.Message, part.(string)) != (name == "message_has") {
					t.Errorf("%s %q: %q", name, part, got.Message)
				}
			}
			continue
		default:
			t.Fatalf("an unknown member of an error: %s", name)
		}
		if want == nil { // absent members of an Error are zero
			if !reflect.ValueOf(have).IsZero() {
				t.Errorf("%s is %v, but there should be none", name, have)
			}
		} else if text, ok := have.(string); ok {
			if text != expanded(t, decoded(t, want)) {
				t.Errorf("%s is %q, not %v (%v)", name, text, want, err)
			}
		} else if fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s is %v, not %v (%v)", name, have, want, err)
		}
	}
}

// decoded decodes a text that may be in base64.
func decoded(t *testing.T, value any) any {
	if coded, ok := value.(map[string]any); ok && coded["base64"] != nil {
		return text(t, coded)
	}
	return value
}

func (c *conformanceCase) compareRequests(t *testing.T, server *faultServer) {
	t.Helper()
	if len(c.Requests) > 0 {
		ask(t, map[string]any{"op": "await", "id": server.id, "counter": "complete", "least": len(c.Requests), "timeout_ms": 3000})
	}
	log := ask(t, map[string]any{"op": "log", "id": server.id})
	requests := log["requests"].([]any)
	if len(requests) != len(c.Requests) {
		t.Fatalf("%d requests, not %d: %.2000s", len(requests), len(c.Requests), fmt.Sprint(requests))
	}
	if c.Connections != nil && len(log["connections"].([]any)) != *c.Connections {
		t.Errorf("%d connections, not %d", len(log["connections"].([]any)), *c.Connections)
	}
	for i, want := range c.Requests {
		got := requests[i].(map[string]any)
		if want.Method != "" && got["method"] != want.Method {
			t.Errorf("method %v, not %s", got["method"], want.Method)
		}
		if want.Target != "" && ordered(got["target"].(string)) != ordered(want.Target) {
			t.Errorf("target %v, not %s", got["target"], want.Target)
		}
		compareHeaders(t, got["headers"].([]any), want.Headers)
		body, err := base64.StdEncoding.DecodeString(got["body"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if want.JSON != nil && !sameJSON(t, body, *want.JSON) {
			t.Errorf("body %s, not %v", body, *want.JSON)
		}
		if want.Body != nil && string(body) != text(t, want.Body) {
			t.Errorf("body %s, not %v", body, want.Body)
		}
	}
}

// escape is an escaped byte of a target; libcurl may write it in upper case.
var escape = regexp.MustCompile("%[0-9a-fA-F]{2}")

// ordered is a target with its query in a fixed order, since a map of Go has none, and its escapes in upper case.
func ordered(target string) string {
	target = escape.ReplaceAllStringFunc(target, strings.ToUpper)
	path, query, _ := strings.Cut(target, "?")
	entries := strings.Split(query, "&")
	slices.Sort(entries)
	return path + "?" + strings.Join(entries, "&")
}

func compareHeaders(t *testing.T, got []any, wanted map[string]any) {
	t.Helper()
	for name, want := range wanted {
		var values []string
		for _, pair := range got {
			if pair := pair.([]any); strings.EqualFold(pair[0].(string), name) {
				values = append(values, pair[1].(string))
			}
		}
		switch want := want.(type) {
		case nil:
			if len(values) != 0 {
				t.Errorf("header %s: %v", name, values)
			}
		case string:
			if len(values) != 1 || values[0] != want {
				t.Errorf("header %s: %v, not %s", name, values, want)
			}
		case map[string]any:
			if len(want) != 1 || len(values) != 1 || !strings.Contains(values[0], want["contains"].(string)) {
				t.Errorf("header %s: %v, not with %v", name, values, want["contains"])
			}
		}
	}
}
