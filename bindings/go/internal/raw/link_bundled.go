//go:build agentkernel_bundled

package raw

// The functions come from package bundled when the program is linked.

// #cgo CFLAGS: -I${SRCDIR}/../bundled
import "C"

import _ "github.com/thrashr888/agentkernel/bindings/go/internal/bundled"
