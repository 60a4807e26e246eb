//go:build musl && !agentkernel_system && linux && (amd64 || arm64)

package raw

// #cgo CFLAGS: -I${SRCDIR}
// #cgo LDFLAGS: -lpthread -ldl -lm
// #include <features.h>
// #ifdef __GLIBC__
// #error "agentkernel: the tag musl is for systems with musl, this one has glibc"
// #endif
import "C"

import _ "github.com/thrashr888/agentkernel/bindings/go/internal/static/musl"
