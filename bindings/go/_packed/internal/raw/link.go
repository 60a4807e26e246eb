//go:build agentkernel_system

package raw

// #cgo pkg-config: agentkernel
import "C"
