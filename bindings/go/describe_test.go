package agentkernel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// show returns what fmt prints of a value in each way, and fails where that has an address or a secret.
func show(t *testing.T, value any) []string {
	t.Helper()
	shown := []string{fmt.Sprint(value), fmt.Sprintf("%+v", value)}
	for _, text := range append([]string{fmt.Sprintf("%s", value)}, shown...) {
		if regexp.MustCompile(`0x[0-9a-f]{6}|s3cret`).MatchString(text) {
			t.Errorf("an address or a secret: %s", text)
		}
	}
	return shown
}

func expectShown(t *testing.T, value any, wanted string) {
	t.Helper()
	for _, text := range show(t, value) {
		if text != wanted {
			t.Errorf("%s, not %s", text, wanted)
		}
	}
}

func TestOptionsShowNoSecret(t *testing.T) {
	keep := 0
	options := agentkernel.Options{BaseURL: "http://name:s3cret@host/x", APIKey: "s3cret", Proxy: "name:s3cret@proxy", Timeout: time.Second, MaxIdle: &keep}
	wanted := `Options{BaseURL:"http://***@host/x" APIKey:*** Timeout:1s Proxy:*** MaxIdle:0}`
	expectShown(t, options, wanted)
	expectShown(t, &options, wanted)
	start := false
	expectShown(t, &agentkernel.CreateSandboxOptions{Secrets: []string{"KEY=s3cret:host"}, SourceURL: "https://s3cret@host/r.git",
		Network: &agentkernel.Network{Name: "n"}, Labels: map[string]string{"a": "b"}, CallOptions: agentkernel.CallOptions{Timeout: 2 * time.Second}},
		`CreateSandboxOptions{SourceURL:"https://***@host/r.git" Secrets:*** Network:{Name:n Subnet: Gateway: DNS:[] StaticIP:} Labels:map["a":"b"] Timeout:2s}`)
	expectShown(t, &agentkernel.RestoreSnapshotOptions{Start: &start}, `RestoreSnapshotOptions{Start:false}`)
	expectShown(t, agentkernel.TransferOptions{Progress: func(int64) {}}, `TransferOptions{Progress:set}`)
	for _, secret := range []any{options, &options, agentkernel.ExecOptions{Env: []string{"A=s3cret"}}, &agentkernel.DetachedOptions{Env: []string{"A=s3cret"}}} {
		show(t, secret)
		if text := fmt.Sprintf("%#v", secret); strings.Contains(text, "s3cret") {
			t.Error(text)
		}
	}
}

func TestRecordsAreShown(t *testing.T) {
	server := fault(t, `{"rules": [
		{"steps": [{"reply": {"json": {"success": true, "data": {"output": "hi\n", "exit_code": 0}}}}]},
		{"steps": [{"reply": {"json": {"success": true, "data": {"results": [{"output": "one"}, {"error": "two"}]}}}}]}]}`)
	client := server.client(t)
	output, err := client.Run(bounded(t), []string{"x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	expectShown(t, output, `RunOutput{Output:"hi\n" ExitCode:0}`)
	batch, err := client.BatchRun(bounded(t), []agentkernel.BatchCommand{{Command: []string{"x"}}, {Command: []string{"y"}}})
	if err != nil {
		t.Fatal(err)
	}
	expectShown(t, batch, `BatchRunResponse{Results:[BatchResult{Output:"one"} BatchResult{Error:"two"}]}`)
	expectShown(t, agentkernel.Event{Type: "output", Data: []byte("x")}, `Event{Type:"output" Data:"x"}`)
	expectShown(t, &agentkernel.SandboxInfo{Lifecycle: []byte(`{"a":1}`), Ports: []string{"80"}}, `SandboxInfo{Ports:["80"] Lifecycle:{"a":1}}`)
}

func TestHandlesAreShown(t *testing.T) {
	server := fault(t, endless)
	client := newClient(t, &agentkernel.Options{BaseURL: server.url, APIKey: "s3cret"})
	expectShown(t, client, "agentkernel.Client("+server.url+")")
	expectShown(t, newClient(t, &agentkernel.Options{BaseURL: "local:"}), "agentkernel.Client(local:)")
	invalid := agentkernel.New(&agentkernel.Options{BaseURL: "ftp://x"})
	expectShown(t, invalid, "agentkernel.Client("+strings.TrimPrefix(invalid.Err().Error(), "agentkernel: ")+")")
	stream := startStream(t, bounded(t), client)
	expectShown(t, stream, "agentkernel.Stream(run_stream)")
	stream.Close()
	_, err := stream.Recv()
	expectClosed(t, err, "agentkernel: stream is closed")
	client.Close()
	expectShown(t, client, "agentkernel.Client(client is closed)")
	_, err = client.Health(context.Background())
	expectClosed(t, err, "agentkernel: client is closed")
}

func expectClosed(t *testing.T, err error, wanted string) {
	t.Helper()
	if !errors.Is(err, agentkernel.ErrClosed) || !errors.Is(err, os.ErrClosed) || err.Error() != wanted {
		t.Errorf("%v, not %s", err, wanted)
	}
}
