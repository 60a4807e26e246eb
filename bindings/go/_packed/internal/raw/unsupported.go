//go:build cgo && !agentkernel_system && !(linux && (amd64 || arm64))

package raw

// #error "agentkernel: the module has the library for Linux on amd64 and arm64 only: -tags agentkernel_system takes an installed one"
import "C"
