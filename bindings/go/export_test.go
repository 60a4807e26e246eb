package agentkernel

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// The library's description of its operations, for external tests.

type OperationTold struct {
	Name               string
	Parameters, Fields []string
	Required           map[string]bool   // parameters
	Types              map[string]string // of fields, as cases name them
	Writable           bool              // its content may come from a reader
}

var typeNames = map[int32]string{raw.TYPE_TEXT: "text", raw.TYPE_BYTES: "bytes", raw.TYPE_INT: "int", raw.TYPE_BOOL: "bool",
	raw.TYPE_LIST: "list", raw.TYPE_MAP: "map", raw.TYPE_JSON: "json"}

// Operations returns all operations of the library's table.
func Operations() (told []OperationTold) {
	for i := 0; raw.Operation_at(i) != 0; i++ {
		id := raw.Operation_at(i)
		one := OperationTold{Name: raw.Operation_name(id), Writable: raw.Operation_flags(id)&raw.OP_WRITABLE != 0, Required: map[string]bool{}, Types: map[string]string{}}
		for j := 0; raw.Parameter_at(id, j) != 0; j++ {
			key := raw.Parameter_at(id, j)
			one.Parameters = append(one.Parameters, raw.Key_name(key))
			one.Required[raw.Key_name(key)] = raw.Parameter_flags(id, key)&raw.KEY_REQUIRED != 0
		}
		for j := 0; raw.Field_at(id, j) != 0; j++ {
			key := raw.Field_at(id, j)
			one.Fields = append(one.Fields, raw.Key_name(key))
			one.Types[raw.Key_name(key)] = typeNames[raw.Field_type(id, key)]
		}
		told = append(told, one)
	}
	return told
}

// OperationNamed returns one of them.
func OperationNamed(name string) OperationTold {
	for _, told := range Operations() {
		if told.Name == name {
			return told
		}
	}
	return OperationTold{}
}

// LedgerConstants returns the numbers of the ABI's constants with a prefix, by the rest of their names in lower case.
func LedgerConstants(t *testing.T, prefix string) map[string]int {
	t.Helper()
	ledger, err := os.ReadFile("../../abi/symbols.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for line := range strings.Lines(string(ledger)) {
		if words := strings.Fields(line); strings.HasPrefix(line, prefix) {
			if found[strings.ToLower(strings.TrimPrefix(words[0], prefix))], err = strconv.Atoi(words[1]); err != nil {
				t.Fatal(line)
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no %s in the ledger", prefix)
	}
	return found
}
