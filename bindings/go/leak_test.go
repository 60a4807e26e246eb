package agentkernel_test

import (
	"errors"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// Ten thousand runs, failures among them, and streams that are left at their first event, five hundred closed and a
// hundred forgotten: neither memory nor descriptors grow.
func TestNothingLeaks(t *testing.T) {
	runs := fault(t, `{"rules": [
		{"target": "/run", "times": "always", "steps": [{"reply": {"json": {"success": true, "data": {"output": "hello\n"}}}}]},
		{"times": "always", "steps": [{"reply": {"status": 404, "json": {"success": false, "error": "no such sandbox"}}}]}]}`)
	streams := fault(t, `{"rules": [{"times": "always", "steps": [{"sse": {"events": [], "end": false}},
		{"loop": [{"event": {"event": "output", "data": {"data": "again and again\n"}}}, {"delay_ms": 1}]}]}]}`)
	runner, streamer := runs.client(t), streams.client(t)
	ctx := bounded(t)
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
			if i%1000 == 999 { // ten forgotten streams
				collect()
			}
		}
		collect()
	}
	round(2000)
	memory, open := status(t, "VmRSS"), descriptors(t)
	round(10000)
	if grown := status(t, "VmRSS") - memory; grown > 10*1024 {
		t.Errorf("%d kB more", grown)
	}
	if grown := descriptors(t) - open; grown > 2 {
		t.Errorf("%d descriptors more", grown)
	}
	t.Logf("%d kB, then %d kB; %d descriptors, then %d", memory, status(t, "VmRSS"), open, descriptors(t))
}
