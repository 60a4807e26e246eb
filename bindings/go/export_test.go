package agentkernel

import (
	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// RequiredParameters are the names of what an operation must be given, in the order of the library's table.
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
