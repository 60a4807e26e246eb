package agentkernel_test

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// Ten thousand runs, some of which fail, and streams that are left at their first event, five hundred closed and a
// hundred only dropped: neither memory nor descriptors grow.
func TestNothingLeaks(t *testing.T) {
	runs := fault(t, `{"rules": [
		{"target": "/run", "times": "always", "steps": [{"reply": {"json": {"success": true, "data": {"output": "hello\n"}}}}]},
		{"times": "always", "steps": [{"reply": {"status": 404, "json": {"success": false, "error": "no such sandbox"}}}]}]}`)
	streams := fault(t, `{"rules": [{"times": "always", "steps": [{"sse": {"events": [], "end": false}},
		{"loop": [{"event": {"event": "output", "data": {"data": "again and again\n"}}}, {"delay_ms": 1}]}]}]}`)
	runner, streamer := runs.client(t), streams.client(t)
	ctx := context.Background()
	round := func(count int) {
		for i := range count {
			output, err := runner.Run(ctx, []string{"echo", "hello"}, nil)
			if err != nil || output.Output != "hello\n" {
				t.Fatal(output, err)
			}
			if i%10 == 0 {
				if _, err := runner.GetSandbox(ctx, "x"); !errors.Is(err, agentkernel.ErrNotFound) {
					t.Fatal(err)
				}
			}
			if i%20 == 0 || i%100 == 1 {
				stream, err := streamer.RunStream(ctx, []string{"x"}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := stream.Recv(); err != nil {
					t.Fatal(err)
				}
				if i%20 == 0 {
					stream.Close()
				}
			}
			if i%1000 == 999 { // ten dropped streams
				runtime.GC()
			}
		}
	}
	round(2000)
	eventually(t, "the streams end", func() bool { return streams.reached("client_ended", 120) })
	memory, open := status(t, "VmRSS"), descriptors(t)
	round(10000)
	// Connections are kept for later calls; 600 streams were left since.
	eventually(t, "descriptors are closed", func() bool { return descriptors(t)-open <= 50 })
	if grown := status(t, "VmRSS") - memory; grown > 10*1024 {
		t.Errorf("%d kB more", grown)
	}
	t.Logf("%d kB, then %d kB; %d descriptors, then %d", memory, status(t, "VmRSS"), open, descriptors(t))
}

// A file of 12 MB that is streamed in and out takes no memory of its size. The kernel reports the process's peak, and
// resets it on request.
func TestStreamingLeaksNoMemory(t *testing.T) {
	const size = 12_000_000
	withLocal(t, "go-flat", func(ctx context.Context, s *agentkernel.SandboxSession) {
		round := func() {
			if err := s.WriteFileFrom(ctx, "/tmp/large", io.LimitReader(letters{}, size), size); err != nil {
				t.Fatal(err)
			}
			file, err := s.OpenFile(ctx, "/tmp/large")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if length, err := io.Copy(io.Discard, struct{ io.Reader }{file}); err != nil || length != size {
				t.Fatal(length, err)
			}
		}
		round()
		runtime.GC()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			t.Skip("the kernel does not forget: ", err)
		}
		before := status(t, "VmHWM")
		round()
		if grown := status(t, "VmHWM") - before; grown > 4*1024 {
			t.Errorf("%d kB more", grown)
		}
	})
}

// letters is an endless reader.
type letters struct{}

func (letters) Read(buf []byte) (int, error) {
	for i := range buf {
		buf[i] = 'a' + byte(i%26)
	}
	return len(buf), nil
}
