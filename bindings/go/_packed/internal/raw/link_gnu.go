//go:build !musl && !agentkernel_system && linux && (amd64 || arm64)

package raw

// #cgo CFLAGS: -I${SRCDIR}
// #cgo LDFLAGS: -lpthread -ldl -lm
// #include <features.h>
// #ifndef __GLIBC__
// #error "agentkernel: this system has musl: build with -tags musl"
// #endif
import "C"

import _ "github.com/thrashr888/agentkernel/bindings/go/internal/static/gnu"
