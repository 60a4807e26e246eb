package agentkernel_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// tree is the root of the source tree: tests run in their package's folder.
var tree = func() string {
	top, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return top
}()

// program is a built program of the tree, or the one that the environment names.
func program(variable, name string) string {
	if path := os.Getenv(variable); path != "" {
		return path
	}
	return filepath.Join(tree, "build/bin", name)
}

func TestMain(m *testing.M) {
	os.Unsetenv("AGENTKERNEL_API_KEY")
	os.Unsetenv("AGENTKERNEL_BASE_URL")
	os.Setenv("AGENTKERNEL_LOCAL", program("AK_LOCAL_SERVER", "agentkernel-local")) // for local:
	code := m.Run()
	if faults.program != nil {
		faults.stdin.Close()
		faults.program.Wait()
	}
	if local.program != nil {
		local.program.Process.Signal(os.Interrupt)
		local.program.Wait()
		os.RemoveAll(local.state)
	}
	os.Exit(code)
}

// faults is the ak-fault-server of all tests: a line of JSON in, a line of JSON out.
var faults struct {
	sync.Mutex
	program *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
}

type faultServer struct {
	t      testing.TB
	id     int
	url    string
	answer map[string]any
}

func ask(t testing.TB, command map[string]any) map[string]any {
	t.Helper()
	faults.Lock()
	defer faults.Unlock()
	if faults.program == nil {
		started := exec.Command(program("AK_FAULT_SERVER", "ak-fault-server"))
		started.Stderr = os.Stderr
		stdin, _ := started.StdinPipe()
		stdout, _ := started.StdoutPipe()
		if err := started.Start(); err != nil {
			t.Fatal(err)
		}
		faults.program, faults.stdin, faults.stdout = started, stdin, bufio.NewReader(stdout)
	}
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = faults.stdin.Write(append(line, '\n')); err == nil {
		line, err = faults.stdout.ReadBytes('\n')
	}
	if err != nil {
		t.Fatal("ak-fault-server: ", err)
	}
	var answer map[string]any
	if err := json.Unmarshal(line, &answer); err != nil || answer["ok"] != true {
		t.Fatalf("ak-fault-server: %s", line)
	}
	return answer
}

// fault starts a scripted server, which ends with the test.
func fault(t testing.TB, script string) *faultServer {
	t.Helper()
	answer := ask(t, map[string]any{"op": "script", "script": json.RawMessage(script)})
	s := &faultServer{t: t, id: int(answer["id"].(float64)), answer: answer}
	s.url, _ = answer["url"].(string)
	t.Cleanup(func() { ask(t, map[string]any{"op": "stop", "id": s.id}) })
	return s
}

// await waits until a counter reaches a value.
func (s *faultServer) await(counter string, least int) {
	s.t.Helper()
	answer := ask(s.t, map[string]any{"op": "await", "id": s.id, "counter": counter, "least": least, "timeout_ms": 60000})
	if answer["reached"] != true {
		s.t.Fatalf("%s did not reach %d: %v", counter, least, answer["counts"])
	}
}

func (s *faultServer) release() {
	ask(s.t, map[string]any{"op": "release", "id": s.id, "count": "always"})
}

func (s *faultServer) client(t testing.TB) *agentkernel.Client {
	t.Helper()
	return newClient(t, &agentkernel.Options{BaseURL: s.url})
}

func newClient(t testing.TB, opts *agentkernel.Options) *agentkernel.Client {
	t.Helper()
	client := agentkernel.New(opts)
	if err := client.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// local is the agentkernel-local of all tests.
var local struct {
	sync.Once
	program *exec.Cmd
	state   string
	url     string
	err     error
}

// localURL starts agentkernel-local if it does not run yet.
func localURL() (string, error) {
	local.Do(func() {
		// Where /tmp is a tmpfs, files that a sandbox writes there count as its memory.
		if local.state, local.err = os.MkdirTemp("/var/tmp", "agentkernel-go"); local.err != nil {
			return
		}
		started := exec.Command(program("AK_LOCAL_SERVER", "agentkernel-local"), "--listen", "127.0.0.1:0", "--state", local.state+"/state")
		stdout, _ := started.StdoutPipe()
		if local.err = started.Start(); local.err != nil {
			return
		}
		local.program = started
		var line string
		if line, local.err = bufio.NewReader(stdout).ReadString('\n'); local.err == nil {
			local.url = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
		}
	})
	return local.url, local.err
}

func localClient(t testing.TB) *agentkernel.Client {
	t.Helper()
	url, err := localURL()
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, &agentkernel.Options{BaseURL: url})
}

// bounded returns a context with a deadline, for operations that must not hang.
func bounded(t testing.TB) context.Context {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// stretch is for a deadline before which something has to arrive: it tries with longer and longer ones, since the
// machine may be slow. try reports whether it arrived.
func stretch(t testing.TB, try func(deadline time.Duration) bool) {
	t.Helper()
	for deadline := 50 * time.Millisecond; !try(deadline); deadline *= 3 {
		if deadline > time.Minute {
			t.Fatal("it does not come at all")
		}
	}
}

// slowness is how many times longer than on an idle machine a reply takes now, from 1 to 20.
func slowness(t testing.TB) int64 {
	t.Helper()
	client := fault(t, `{"rules": [{"times": "always", "steps": [{"reply": {"json": {"success": true, "data": "ok"}}}]}]}`).client(t)
	var worst time.Duration
	for range 3 {
		begin := time.Now()
		if _, err := client.Health(bounded(t)); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, time.Since(begin))
	}
	return min(1+int64(worst/(10*time.Millisecond)), 20)
}

// eventually collects garbage until a condition holds.
func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
		runtime.GC()
	}
}

// reached reports whether a counter has reached a value.
func (s *faultServer) reached(counter string, least int) bool {
	counts := ask(s.t, map[string]any{"op": "counts", "id": s.id})["counts"].(map[string]any)
	return int(counts[counter].(float64)) >= least
}

// status returns a number of /proc/self/status, such as "Threads" and "VmRSS" (kB).
func status(t testing.TB, name string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), name+":")
	var value int
	if _, err := fmt.Sscan(after, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
