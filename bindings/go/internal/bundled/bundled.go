//go:build agentkernel_bundled

// Package bundled is the library itself, compiled in: its sources are linked here by the script bundle.
package bundled

// #cgo CFLAGS: -std=c11 -D_GNU_SOURCE -fno-strict-aliasing -I${SRCDIR} -include ${SRCDIR}/version.h
// #cgo pkg-config: libcurl libcjson
// #cgo LDFLAGS: -pthread
import "C"
