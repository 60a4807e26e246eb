package agentkernel

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// What the library says of itself, for tests from outside.

type OperationTold struct {
	Name               string
	Parameters, Fields []string
}

// Operations are all operations of the library's table.
func Operations() (told []OperationTold) {
	for i := 0; raw.Operation_at(i) != 0; i++ {
		id := raw.Operation_at(i)
		one := OperationTold{Name: raw.Operation_name(id)}
		for j := 0; raw.Parameter_at(id, j) != 0; j++ {
			one.Parameters = append(one.Parameters, raw.Key_name(raw.Parameter_at(id, j)))
		}
		for j := 0; raw.Field_at(id, j) != 0; j++ {
			one.Fields = append(one.Fields, raw.Key_name(raw.Field_at(id, j)))
		}
		told = append(told, one)
	}
	return told
}

// RequiredParameters are the names of what an operation must be given, in the order of the table.
func RequiredParameters(operation string) (names []string) {
	for i := 0; raw.Operation_at(i) != 0; i++ {
		id := raw.Operation_at(i)
		for j := 0; raw.Operation_name(id) == operation && raw.Parameter_at(id, j) != 0; j++ {
			key := raw.Parameter_at(id, j)
			if raw.Parameter_flags(id, key)&raw.KEY_REQUIRED != 0 {
				names = append(names, raw.Key_name(key))
			}
		}
	}
	return names
}

// LedgerConstants are the numbers of the ABI's constants with a prefix, by the rest of their names in small letters.
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
