package agentkernel_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// Every operation against agentkernel-local. Its own tests check its behaviour; these check the results in Go.

func names(list []agentkernel.SandboxInfo) (found []string) {
	for _, one := range list {
		found = append(found, one.Name)
	}
	return found
}

func TestSandboxesAndTheirLabels(t *testing.T) {
	client, ctx := localClient(t), bounded(t)
	opts := &agentkernel.CreateSandboxOptions{
		Labels: map[string]string{"of": "go-labels", "team": "blue: #1"}, Description: "a test",
		Lifecycle: agentkernel.Lifecycle{AutoStopAfterSeconds: 3600},
	}
	err := client.WithSandbox(ctx, "go-labels", opts, func(s *agentkernel.SandboxSession) error {
		info, err := s.Info(ctx)
		if err != nil || !maps.Equal(info.Labels, opts.Labels) || info.Description != "a test" || string(info.Lifecycle) != `{"auto_stop_after_seconds":3600}` {
			t.Errorf("%+v %v", info, err)
		}
		if same, err := client.GetSandboxByUUID(ctx, strings.ToUpper(info.UUID)); err != nil || same.Name != s.Name() {
			t.Errorf("%+v %v", same, err)
		}
		for value, wanted := range map[string]bool{"blue: #1": true, "blue": false} {
			list, err := client.ListSandboxes(ctx, &agentkernel.ListSandboxesOptions{Labels: map[string]string{"of": "go-labels", "team": value}})
			if err != nil || slices.Contains(names(list), s.Name()) != wanted {
				t.Error(value, names(list), err)
			}
		}
		none, lifecycle := "", json.RawMessage(`{"auto_stop_after_seconds":7200}`)
		info, err = client.UpdateSandbox(ctx, s.Name(), &agentkernel.UpdateSandboxOptions{Labels: map[string]string{}, Description: &none, Lifecycle: lifecycle})
		if err != nil || len(info.Labels) != 0 || info.Description != "" || string(info.Lifecycle) != string(lifecycle) {
			t.Errorf("%+v %v", info, err)
		}
		if info, err = client.UpdateSandbox(ctx, s.Name(), &agentkernel.UpdateSandboxOptions{Labels: map[string]string{"a": "b"}}); err != nil || info.Labels["a"] != "b" {
			t.Errorf("%+v %v", info, err)
		}
		if info, err = client.ResizeSandbox(ctx, s.Name(), &agentkernel.ResizeSandboxOptions{MemoryMB: 128}); err != nil || info.MemoryMB != 128 {
			t.Errorf("%+v %v", info, err)
		}
		if _, err := client.RecoverSandbox(ctx, s.Name()); err != nil {
			t.Error(err)
		}
		logs, err := client.GetSandboxLogs(ctx, s.Name())
		if err != nil || len(logs) == 0 || logs[0].Type != "sandbox_created" || logs[0].Name != s.Name() || logs[0].Labels["of"] != "go-labels" {
			t.Errorf("%+v %v", logs, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStopAndStart(t *testing.T) {
	withLocal(t, "go-stop", func(ctx context.Context, s *agentkernel.SandboxSession) {
		client := localClient(t)
		if err := client.StopSandbox(ctx, s.Name()); err != nil {
			t.Fatal(err)
		}
		if info, err := s.Info(ctx); err != nil || info.Status != "stopped" {
			t.Error(info, err)
		}
		if _, err := s.Run(ctx, []string{"true"}); err == nil || errors.Is(err, agentkernel.ErrCommand) {
			t.Error("it runs: ", err)
		}
		if err := client.StartSandbox(ctx, s.Name()); err != nil {
			t.Fatal(err)
		}
		if err := client.StartSandbox(ctx, s.Name()); !errors.Is(err, agentkernel.ErrConflict) {
			t.Error(err)
		}
		if _, err := s.Run(ctx, []string{"true"}); err != nil {
			t.Error(err)
		}
		_, err := client.ForkSandbox(ctx, s.Name(), "go-forked")
		for _, err := range []error{err, client.PauseSandbox(ctx, s.Name()), client.ResumeSandbox(ctx, s.Name())} {
			var failed *agentkernel.ValidationError
			if !errors.Is(err, agentkernel.ErrUnprocessable) || !errors.As(err, &failed) || failed.ServerText == "" {
				t.Error(err)
			}
		}
	})
}

func TestBatch(t *testing.T) {
	commands := []agentkernel.BatchCommand{{Command: []string{"printf", "%s|", "a b", ""}}, {Command: []string{"false"}}, {Command: []string{"printf", ""}}}
	batch, err := localClient(t).BatchRun(bounded(t), commands)
	if err != nil || len(batch.Results) != len(commands) {
		t.Fatal(batch, err)
	}
	for i, result := range batch.Results {
		if failed := i == 1; (result.Error != nil) != failed || (result.Output == nil) != failed || result.Has("output") == failed {
			t.Errorf("%d: %+v", i, result)
		}
	}
	if *batch.Results[0].Output != "a b||" || *batch.Results[2].Output != "" {
		t.Error(*batch.Results[0].Output, *batch.Results[2].Output)
	}
	for _, wrong := range [][]agentkernel.BatchCommand{nil, {}, {{}}, {{Command: []string{"true"}}, {}}} {
		if _, err := localClient(t).BatchRun(bounded(t), wrong); !errors.Is(err, agentkernel.ErrArgument) {
			t.Error(wrong, err)
		}
	}
}

func TestDetached(t *testing.T) {
	withLocal(t, "go-detached", func(ctx context.Context, s *agentkernel.SandboxSession) {
		client := localClient(t)
		command := []string{"sh", "-c", `echo "out $1 $A"; echo err >&2; sleep 0.2; exit 5`, "sh", "a  b"}
		started, err := s.ExecDetached(ctx, command, &agentkernel.DetachedOptions{Env: []string{"A=1"}, Workdir: "/tmp"})
		if err != nil || started.Status != "running" || started.Sandbox != s.Name() || !slices.Equal(started.Command, command) || started.Has("exit_code") {
			t.Fatalf("%+v %v", started, err)
		}
		ended, err := client.DetachedWait(ctx, s.Name(), started.ID)
		if err != nil || ended.Status != "failed" || ended.ExitCode != 5 || ended.ID != started.ID {
			t.Fatalf("%+v %v", ended, err)
		}
		stdout, err := client.DetachedLogs(ctx, s.Name(), started.ID)
		if err != nil || string(stdout.Stdout) != "out a  b 1\n" || stdout.Has("stderr") {
			t.Errorf("%+v %v", stdout, err)
		}
		stderr, err := client.DetachedLogs(ctx, s.Name(), started.ID, &agentkernel.DetachedLogsOptions{Stream: "stderr"})
		if err != nil || string(stderr.Stderr) != "err\n" || stderr.Has("stdout") {
			t.Errorf("%+v %v", stderr, err)
		}
		long, err := s.ExecDetached(ctx, []string{"sleep", "60"})
		if err != nil {
			t.Fatal(err)
		}
		if list, err := client.DetachedList(ctx, s.Name()); err != nil || len(list) != 2 {
			t.Errorf("%+v %v", list, err)
		}
		soon, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		defer stop()
		if _, err := client.DetachedWait(soon, s.Name(), long.ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := client.DetachedKill(ctx, s.Name(), long.ID); err != nil {
			t.Error(err)
		}
		if killed, err := client.DetachedWait(ctx, s.Name(), long.ID); err != nil || killed.Status != "failed" || killed.ExitCode != 137 {
			t.Errorf("%+v %v", killed, err)
		}
		if _, err := client.DetachedWait(ctx, s.Name(), "00000000"); !errors.Is(err, agentkernel.ErrNotFound) {
			t.Error(err)
		}
	})
}

// DetachedWait polls with growing pauses, until the status is no longer running.
func TestDetachedWaitBacksOff(t *testing.T) {
	const command = `{"reply": {"json": {"success": true, "data": {"id": "1", "status": "%"}}}}`
	running, paused := strings.Replace(command, "%", "running", 1), strings.Replace(command, "%", "of-some-kind", 1)
	server := fault(t, `{"rules": [{"times": 5, "steps": [`+running+`]}, {"steps": [`+paused+`]}]}`)
	begin := time.Now()
	ended, err := server.client(t).DetachedWait(bounded(t), "x", "1")
	if err != nil || ended.Status != "of-some-kind" || time.Since(begin) < 310*time.Millisecond {
		t.Errorf("%+v %v after %v", ended, err, time.Since(begin))
	}
	if counts := ask(t, map[string]any{"op": "counts", "id": server.id})["counts"].(map[string]any); counts["requests"].(float64) != 6 {
		t.Error(counts)
	}
	if _, err := server.client(t).DetachedWait(bounded(t), "x", "1"); !errors.Is(err, agentkernel.ErrServer) {
		t.Error(err)
	}
}

func TestExtendTTL(t *testing.T) {
	withLocal(t, "go-ttl", func(ctx context.Context, s *agentkernel.SandboxSession) {
		var expires []time.Time
		for _, by := range []string{"", "90", "1h30m"} {
			extended, err := localClient(t).ExtendTTL(ctx, s.Name(), by)
			if err != nil {
				t.Fatal(by, err)
			}
			at, err := time.Parse(time.RFC3339, extended.ExpiresAt)
			if err != nil {
				t.Fatal(err)
			}
			expires = append(expires, at)
		}
		if more := expires[1].Sub(expires[0]); math.Abs(more.Seconds()-90) > 1 {
			t.Error(more)
		}
		if more := expires[2].Sub(expires[1]); math.Abs(more.Seconds()-5400) > 1 {
			t.Error(more)
		}
		if _, err := localClient(t).ExtendTTL(ctx, s.Name(), "2d"); !errors.Is(err, agentkernel.ErrArgument) {
			t.Error(err)
		}
	})
}

func TestSnapshots(t *testing.T) {
	client := localClient(t)
	withLocal(t, "go-snapped", func(ctx context.Context, s *agentkernel.SandboxSession) {
		if err := s.WriteFile(ctx, "/workspace/kept", []byte("kept\x00\xff")); err != nil {
			t.Fatal(err)
		}
		taken, err := client.TakeSnapshot(ctx, &agentkernel.TakeSnapshotOptions{Sandbox: s.Name(), Name: "go-snap"})
		if err != nil || taken.Name != "go-snap" || taken.Sandbox != s.Name() || taken.CreatedAt == "" {
			t.Fatalf("%+v %v", taken, err)
		}
		if err := s.DeleteFile(ctx, "/workspace/kept"); err != nil {
			t.Error(err)
		}
		list, err := client.ListSnapshots(ctx)
		if err != nil || !slices.ContainsFunc(list, func(one agentkernel.SnapshotMeta) bool { return one.Name == "go-snap" }) {
			t.Error(list, err)
		}
		if same, err := client.GetSnapshot(ctx, "go-snap"); err != nil || same.Raw != taken.Raw {
			t.Errorf("%+v %v", same, err)
		}
		yes := true
		for name, opts := range map[string]*agentkernel.RestoreSnapshotOptions{"go-again": {AsName: "go-again", Start: &yes}, "go-snapped-restored": nil} {
			restored, err := client.RestoreSnapshot(ctx, "go-snap", opts)
			if err != nil || restored.Name != name || (restored.Status == "running") != (opts != nil) {
				t.Fatalf("%+v %v", restored, err)
			}
			defer client.RemoveSandbox(ctx, name)
		}
		if content, err := client.ReadFile(ctx, "go-again", "/workspace/kept"); err != nil || string(content) != "kept\x00\xff" {
			t.Errorf("%q %v", content, err)
		}
		if err := client.DeleteSnapshot(ctx, "go-snap"); err != nil {
			t.Error(err)
		}
		if err := client.DeleteSnapshot(ctx, "go-snap"); !errors.Is(err, agentkernel.ErrNotFound) {
			t.Error(err)
		}
	})
	if _, err := client.TakeSnapshot(bounded(t), nil); !errors.Is(err, agentkernel.ErrArgument) {
		t.Error(err)
	}
}

// A server that ignores start gets a request to start.
func TestRestoreStarts(t *testing.T) {
	const stopped = `{"method": "POST", "target": "/snapshots/s/restore", "times": "always", "steps": [{"reply": {"json": {"success": true, "data": {"name": "x", "status": "stopped"}}}}]}`
	server := fault(t, `{"rules": [`+stopped+`,
		{"target": "/sandboxes/x/start", "steps": [{"reply": {"json": {"success": true, "data": "Sandbox started"}}}]},
		{"target": "/sandboxes/x/start", "steps": [{"reply": {"status": 500, "json": {"success": false, "error": "no"}}}]},
		{"target": "/sandboxes/x", "steps": [{"reply": {"json": {"success": true, "data": {"name": "x", "status": "running"}}}}]}]}`)
	client, yes, no := server.client(t), true, false
	if info, err := client.RestoreSnapshot(bounded(t), "s", &agentkernel.RestoreSnapshotOptions{Start: &yes}); err != nil || info.Status != "running" {
		t.Error(info, err)
	}
	if info, err := client.RestoreSnapshot(bounded(t), "s", &agentkernel.RestoreSnapshotOptions{Start: &yes}); !errors.Is(err, agentkernel.ErrServer) || info.Name != "x" {
		t.Error(info, err)
	}
	if info, err := client.RestoreSnapshot(bounded(t), "s", &agentkernel.RestoreSnapshotOptions{Start: &no}); err != nil || info.Status != "stopped" {
		t.Error(info, err)
	}
	if info, err := client.RestoreSnapshot(bounded(t), "s"); err != nil || info.Status != "stopped" {
		t.Error(info, err)
	}
}

func TestServer(t *testing.T) {
	client, ctx := localClient(t), bounded(t)
	if status, err := client.GetStatus(ctx); err != nil || status.Version == "" || status.Backend == "" || status.APIKeyConfigured {
		t.Errorf("%+v %v", status, err)
	}
	stats, err := client.GetStats(ctx)
	if err != nil || stats.Version == "" || !json.Valid(stats.ResourceUsage) {
		t.Errorf("%+v %v", stats, err)
	}
	found, err := client.GetBackends(ctx)
	var backends []struct{ Backend string }
	if err != nil || json.Unmarshal(found.Backends, &backends) != nil || len(backends) == 0 || backends[0].Backend != found.DefaultBackend {
		t.Errorf("%+v %v", found, err)
	}
}

func TestRequest(t *testing.T) {
	client, ctx, no := localClient(t), bounded(t), false
	for _, body := range []any{map[string]any{"command": []string{"echo", "ü"}}, json.RawMessage(`{"command": ["echo", "ü"]}`)} {
		answer, err := client.Request(ctx, "POST", "/run", body)
		if err != nil || answer.StatusCode != 200 || answer.ContentType != "application/json" || string(answer.Content) != `{"success":true,"data":{"output":"ü\n"}}` {
			t.Errorf("%+v %v", answer, err)
		}
	}
	var failed *agentkernel.Error
	if _, err := client.Request(ctx, "GET", "/nothing?at=all", nil); !errors.As(err, &failed) || failed.StatusCode != 404 || failed.ServerText != "Not found" {
		t.Error(err)
	}
	answer, err := client.Request(ctx, "GET", "/nothing", nil, &agentkernel.RequestOptions{Check: &no})
	if err != nil || answer.StatusCode != 404 || !strings.Contains(string(answer.Content), "Not found") {
		t.Errorf("%+v %v", answer, err)
	}
	for name, body := range map[string]any{"no JSON": json.RawMessage(`{"a":`), "no value of JSON": math.NaN(), "no type of JSON": func() {}} {
		if _, err := client.Request(ctx, "POST", "/run", body); !errors.Is(err, agentkernel.ErrArgument) {
			t.Error(name, err)
		}
	}
	var cause *json.UnsupportedValueError
	if _, err := client.Request(ctx, "POST", "/run", math.Inf(1)); !errors.As(err, &cause) || !strings.Contains(err.Error(), "body") {
		t.Error(err)
	}
	for _, target := range []string{"run", "/a b", "/../x", ""} {
		if _, err := client.Request(ctx, "GET", target, nil); !errors.Is(err, agentkernel.ErrArgument) {
			t.Error(target, err)
		}
	}
	if _, err := client.Request(ctx, "TRACE", "/run", nil); !errors.Is(err, agentkernel.ErrArgument) {
		t.Error(err)
	}
}
