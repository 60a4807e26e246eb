//go:build !agentkernel_bundled

package raw

import (
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw/byhand"
)

// What a call costs through SWIG's code and through cgo by hand: go test -bench . ./internal/raw

func BenchmarkVersion(b *testing.B) {
	b.Run("swig", func(b *testing.B) {
		for b.Loop() {
			Version()
		}
	})
	b.Run("byhand", func(b *testing.B) {
		for b.Loop() {
			byhand.Version()
		}
	})
}

// A call that was cancelled before it started answers every step at once.
func BenchmarkStep(b *testing.B) {
	c, _ := client(b)
	var call Call
	if status := Call_new(c, OP_HEALTH, &call, 0); status != OK {
		b.Fatal(status)
	}
	defer Call_free(call)
	Call_cancel(call)
	b.Run("swig", func(b *testing.B) {
		for b.Loop() {
			Call_step(call, 0)
		}
	})
	b.Run("byhand", func(b *testing.B) {
		for b.Loop() {
			byhand.Step(uintptr(call), 0)
		}
	})
}

func BenchmarkTextIn(b *testing.B) {
	c, _ := client(b)
	b.Run("swig", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Client_set_text(c, CLIENT_USER_AGENT, "agent", 0)
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			byhand.SetText(uintptr(c), CLIENT_USER_AGENT, "agent")
		}
	})
}

func BenchmarkBytesOut(b *testing.B) {
	c, _ := client(b)
	Client_set_text(c, CLIENT_USER_AGENT, "agent", 0)
	buf, size := make([]byte, 64), new(int)
	b.Run("swig", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Client_text(c, CLIENT_USER_AGENT, buf, size, 0)
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			byhand.Text(uintptr(c), CLIENT_USER_AGENT, buf, size)
		}
	})
}
