package agentkernel

import (
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// A record is read from any array of values: by their keys, whatever their order, and with some that are not known.
func TestRecordFromValues(t *testing.T) {
	values := []raw.Value{
		{Key: raw.KEY_MEMORY_MB, Type: raw.TYPE_INT, Integer: 512},
		{Key: 9999, Type: raw.TYPE_INT, Integer: 1},
		{Key: raw.KEY_PLACEHOLDER_SECRETS, Type: raw.TYPE_BOOL, Integer: 1},
		{Key: raw.KEY_VCPUS, Type: raw.TYPE_NULL},
	}
	info := SandboxInfo{Name: "kept", VCPUs: 3}
	from := reader{}
	info.read(&from, values)
	if from.err != nil || info.MemoryMB != 512 || !info.PlaceholderSecrets || info.VCPUs != 0 || info.Name != "kept" {
		t.Errorf("%+v %v", info, from.err)
	}
	values[0].Type, values[0].Integer = raw.TYPE_ABSENT, 0
	if info.read(&from, values); from.err != nil || info.MemoryMB != 0 {
		t.Errorf("%+v %v", info, from.err)
	}
}
