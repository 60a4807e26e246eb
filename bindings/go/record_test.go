package agentkernel

import (
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// A record is read from any array of values: each by its key, and unknown keys are ignored. A field that is absent in
// the next record becomes zero.
func TestRecordFromValues(t *testing.T) {
	values := []raw.Value{
		{Key: raw.KEY_MEMORY_MB, Type: raw.TYPE_INT, Integer: 512},
		{Key: 9999, Type: raw.TYPE_INT, Integer: 1},
		{Key: raw.KEY_PLACEHOLDER_SECRETS, Type: raw.TYPE_BOOL, Integer: 1},
		{Key: raw.KEY_VCPUS, Type: raw.TYPE_NULL},
	}
	from := reader{call: &call{op: &operation{fields: []string{"memory_mb", "new", "placeholder_secrets", "vcpus"}}}}
	info := SandboxInfo{}
	if err := from.decode(values, &info); err != nil || info.MemoryMB != 512 || !info.PlaceholderSecrets || info.VCPUs != 0 {
		t.Errorf("%+v %v", info, err)
	}
	for name, wanted := range map[string]bool{"memory_mb": true, "new": true, "placeholder_secrets": true, "vcpus": false, "name": false} {
		if info.Has(name) != wanted {
			t.Errorf("%s: %v", name, !wanted)
		}
	}
	values[0].Type, values[0].Integer = raw.TYPE_ABSENT, 0
	if err := from.decode(values, &info); err != nil || info.MemoryMB != 0 || info.Has("memory_mb") || !info.PlaceholderSecrets {
		t.Errorf("%+v %v", info, err)
	}
}
