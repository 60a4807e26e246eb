//go:build cgo && !agentkernel_nolocal && !agentkernel_system

package local

import _ "embed"

var (
	//go:embed agentkernel-local_amd64
	server string
	//go:embed bwrap_amd64
	bwrap string
)

func init() { programs = []program{{"agentkernel-local", server}, {"bwrap", bwrap}} }
