package agentkernel_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// whole is a complete stream: bytes that are not text, split over two events.
var whole = fmt.Sprintf(`{"rules": [{"times": "always", "steps": [{"sse": {"events": [
	{"event": "started", "data": {"command": ["x"], "fast": false, "timestamp": "2025-01-31T12:00:00Z"}},
	{"event": "output", "data": {"data": "one\n", "stream": "stdout"}},
	{"event": "output", "data": {"data_base64": %q, "stream": "stdout"}},
	{"event": "done", "data": {"exit_code": 3, "success": false}}]}}]}]}`,
	base64.StdEncoding.EncodeToString([]byte{0, 0xff, '\n'}))

// endless sends one event and then nothing until it is released; then it ends normally.
const endless = `{"rules": [{"times": "always", "steps": [
	{"sse": {"events": [{"event": "output", "data": {"data": "first"}}], "end": false}}, {"wait": "release"},
	{"event": {"event": "done", "data": {"exit_code": 0, "success": true}}}, {"last_chunk": true}]}]}`

func startStream(t testing.TB, ctx context.Context, client *agentkernel.Client) *agentkernel.Stream {
	t.Helper()
	stream, err := client.RunStream(ctx, []string{"x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	return stream
}

func TestStreamEvents(t *testing.T) {
	client := fault(t, whole).client(t)
	var types []string
	var output []byte
	for event, err := range startStream(t, bounded(t), client).Events() {
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, event.Type)
		output = append(output, event.Data...)
		if event.Type == "done" && (event.ExitCode != 3 || event.Success || !event.Has("success") || event.Has("message")) {
			t.Errorf("%+v", event)
		}
	}
	if fmt.Sprint(types) != "[started output output done]" || string(output) != "one\n\x00\xff\n" {
		t.Errorf("%v %q", types, output)
	}
}

func TestEventsAreTheCallersOwn(t *testing.T) {
	stream := startStream(t, bounded(t), fault(t, whole).client(t))
	var events []agentkernel.Event
	for event, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	if string(events[1].Data) != "one\n" || events[0].Command[0] != "x" || !strings.Contains(events[3].Raw, "exit_code") {
		t.Errorf("a later event changed an earlier one: %+v", events)
	}
}

func TestStreamReads(t *testing.T) {
	stream := startStream(t, bounded(t), fault(t, whole).client(t))
	if _, ok := stream.Result(); ok {
		t.Error("a result before the end")
	}
	// Tiny pieces, into memory that is a part of a struct with pointers.
	var mine struct {
		pointer *int
		buffer  [3]byte
	}
	mine.pointer = new(int)
	var got bytes.Buffer
	for {
		n, err := stream.Read(mine.buffer[:])
		got.Write(mine.buffer[:n])
		if err == io.EOF {
			break
		}
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
	}
	if got.String() != "one\n\x00\xff\n" {
		t.Errorf("%q", got.String())
	}
	if result, ok := stream.Result(); !ok || result.ExitCode != 3 {
		t.Errorf("%+v %v", result, ok)
	}
	if n, err := stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Error(n, err)
	}
	if n, err := stream.Read(nil); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestRecvAmidOutputLosesNothing(t *testing.T) {
	stream := startStream(t, bounded(t), fault(t, whole).client(t))
	two := make([]byte, 2)
	if n, err := stream.Read(two); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := stream.Recv(); !errors.Is(err, agentkernel.ErrState) {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stream)
	if string(two)+string(rest) != "one\n\x00\xff\n" || err != nil {
		t.Errorf("%q %q %v", two, rest, err)
	}
}

func TestLeavingTheLoopEndsTheConnection(t *testing.T) {
	server := fault(t, endless)
	stream := startStream(t, bounded(t), server.client(t))
	for event, err := range stream.Events() {
		if err != nil || string(event.Data) != "first" {
			t.Fatal(event, err)
		}
		break
	}
	server.await("client_ended", 1)
	if _, err := stream.Recv(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestCloseWakesWhoWaits(t *testing.T) {
	server := fault(t, endless)
	stream := startStream(t, bounded(t), server.client(t))
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := stream.Recv()
		failed <- err
	}()
	server.await("waiting", 1)
	time.Sleep(20 * time.Millisecond) // so that Recv most likely waits; either way it must end
	stream.Close()
	if err := <-failed; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if stream.Close() != nil {
		t.Error("closed again")
	}
}

func TestForgottenStreamIsCollected(t *testing.T) {
	server := fault(t, endless)
	client := server.client(t)
	for range 5 {
		stream, err := client.RunStream(bounded(t), []string{"x"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the connections end", func() bool { return server.reached("client_ended", 5) })
}

func TestCutStream(t *testing.T) {
	server := fault(t, `{"rules": [{"steps": [{"sse": {"events": [{"event": "output", "data": {"data": "x"}}]}}]}]}`)
	stream := startStream(t, bounded(t), server.client(t))
	_, err := io.ReadAll(stream)
	var cut *agentkernel.StreamError
	if !errors.Is(err, agentkernel.ErrTruncated) || !errors.As(err, &cut) || cut.Operation != "run_stream" {
		t.Error(err)
	}
	if _, again := stream.Recv(); again != err {
		t.Error("another error the second time: ", again)
	}
}
