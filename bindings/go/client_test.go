package agentkernel_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

func TestSettings(t *testing.T) {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "ftp://example.org", APIKey: "s3cret"})
	defer client.Close()
	for _, err := range []error{client.Err(), client.RemoveSandbox(context.Background(), "x")} {
		if !errors.Is(err, agentkernel.ErrArgument) || !strings.Contains(err.Error(), "base_url") || strings.Contains(err.Error(), "s3cret") {
			t.Error(err)
		}
	}
	if url := newClient(t, nil).BaseURL(); url != "http://localhost:18888" {
		t.Error(url)
	}
	t.Setenv("AGENTKERNEL_BASE_URL", "http://127.0.0.1:1")
	if url := newClient(t, nil).BaseURL(); url != "http://127.0.0.1:1" {
		t.Error(url)
	}
	if url := newClient(t, &agentkernel.Options{BaseURL: "http://127.0.0.1:2"}).BaseURL(); url != "http://127.0.0.1:2" {
		t.Error(url)
	}
	t.Setenv("AGENTKERNEL_BASE_URL", "nonsense")
	if err := agentkernel.New(nil).Err(); !errors.Is(err, agentkernel.ErrArgument) || !strings.Contains(err.Error(), "AGENTKERNEL_BASE_URL") {
		t.Error(err)
	}
}

func TestIdleConnections(t *testing.T) {
	for keep, wanted := range map[int]int{0: 3, 1: 1} {
		server := fault(t, `{"rules": [{"times": "always", "steps": [{"reply": {"json": {"success": true, "data": "ok"}}}]}]}`)
		client := newClient(t, &agentkernel.Options{BaseURL: server.url, MaxIdle: &keep})
		for range 3 {
			if health, err := client.Health(bounded(t)); err != nil || health != "ok" {
				t.Fatal(health, err)
			}
		}
		if log := ask(t, map[string]any{"op": "log", "id": server.id}); len(log["connections"].([]any)) != wanted {
			t.Errorf("%d kept: %d connections", keep, len(log["connections"].([]any)))
		}
	}
}

func TestClosedClient(t *testing.T) {
	server := fault(t, endless)
	client := server.client(t)
	stream := startStream(t, bounded(t), client)
	client.Close()
	if err := client.Close(); err != nil {
		t.Error("closed again: ", err)
	}
	if _, err := client.Health(context.Background()); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	server.release()
	for _, err := range stream.Events() { // calls in flight continue
		if err != nil {
			t.Error(err)
		}
	}
}

func TestErrors(t *testing.T) {
	server := fault(t, `{"rules": [{"steps": [{"reply": {"status": 429, "headers": {"Retry-After": "2"}, "json": {"success": false, "error": "slow down"}}}]}]}`)
	_, err := server.client(t).Run(bounded(t), []string{"x"}, nil)
	var failed *agentkernel.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if failed.Code != agentkernel.ErrQuota || failed.StatusCode != 429 || failed.RetryAfter.Seconds() != 2 || failed.ServerText != "slow down" ||
		failed.Operation != "run" || failed.Phase != "decode" || failed.Sent != agentkernel.SentAnswered || failed.Timeout() {
		t.Errorf("%+v", failed)
	}
	var code agentkernel.Code
	if !errors.As(err, &code) || code.Error() != "AK_E_QUOTA" || err.Error() != "agentkernel: run: slow down" {
		t.Error(code, err)
	}
	var none *agentkernel.NotFoundError
	if errors.Is(err, agentkernel.ErrNotFound) || errors.As(err, &none) {
		t.Error("it is found, only slow")
	}
	if name := agentkernel.Code(-999).Error(); !strings.Contains(name, "-999") {
		t.Error("a code of a newer library: ", name)
	}
}

// errors.As matches every kind of official error, with the members of Error.
func TestOfficialErrors(t *testing.T) {
	var (
		auth       *agentkernel.AuthError
		notFound   *agentkernel.NotFoundError
		validation *agentkernel.ValidationError
		server     *agentkernel.ServerError
	)
	for status, target := range map[int]any{401: &auth, 403: &auth, 404: &notFound, 400: &validation, 422: &validation, 503: &server} {
		server := fault(t, fmt.Sprintf(`{"rules": [{"steps": [{"reply": {"status": %d, "json": {"success": false, "error": "no"}}}]}]}`, status))
		_, err := server.client(t).GetSandbox(bounded(t), "x")
		if !errors.As(err, target) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if auth.Message != "no" || notFound.StatusCode != 404 || validation.Error() == "" || server.Code != agentkernel.ErrServer {
		t.Error(auth, notFound, validation, server)
	}
	unheard, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unheard.Close()
	client := newClient(t, &agentkernel.Options{BaseURL: "http://" + unheard.Addr().String()})
	var network *agentkernel.NetworkError
	if _, err := client.Health(bounded(t)); !errors.As(err, &network) || network.Sent != agentkernel.SentNothing || network.Libcurl == 0 {
		t.Error(err)
	}
}

func TestManyGoroutines(t *testing.T) {
	client := localClient(t)
	var all sync.WaitGroup
	for i := range 16 {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := range 4 {
				mine := fmt.Sprintf("%d.%d", i, j)
				output, err := client.Run(bounded(t), []string{"echo", mine}, nil)
				if err != nil || output.Output != mine+"\n" {
					t.Errorf("%s: %+v %v", mine, output, err)
				}
			}
		}()
	}
	all.Wait()
}

// Round trips: spaces, quotes, bytes that are not text, nothing at all.
func TestLocalRoundTrip(t *testing.T) {
	client := localClient(t)
	command := []string{"printf", `%s|`, "", "a b", `"'$HOME;`, "ü"}
	output, err := client.Run(bounded(t), command, nil)
	if err != nil {
		t.Fatal(err)
	}
	if output.Output != strings.Join(command[2:], "|")+"|" {
		t.Errorf("%q", output.Output)
	}
	output, err = client.Run(bounded(t), []string{"printf", `\000\377`}, nil)
	if err != nil || output.Output != "\x00\xff" || output.Has("truncated") {
		t.Errorf("%+v %v", output, err)
	}
	failing := []string{"sh", "-c", "echo out; exit 7"}
	var failed *agentkernel.Error
	if _, err := client.Run(bounded(t), failing, nil); !errors.Is(err, agentkernel.ErrCommand) || !errors.As(err, &failed) ||
		failed.ExitCode != 7 || string(failed.Output) != "out\n" {
		t.Errorf("%+v", failed)
	}
	unchecked := false
	if output, err := client.Run(bounded(t), failing, &agentkernel.RunOptions{Check: &unchecked}); err != nil || output.ExitCode != 7 || output.Output != "out\n" {
		t.Errorf("%+v %v", output, err)
	}
}
