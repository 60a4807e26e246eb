//go:build !agentkernel_bundled

package raw

// #cgo pkg-config: agentkernel
import "C"
