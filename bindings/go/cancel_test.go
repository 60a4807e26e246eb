package agentkernel_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// silent never replies.
const silent = `{"rules": [{"times": "always", "steps": [{"wait": "close"}]}]}`

func TestDeadline(t *testing.T) {
	server := fault(t, silent)
	client := server.client(t)
	stretch(t, func(deadline time.Duration) bool {
		ctx, stop := context.WithTimeout(context.Background(), deadline)
		defer stop()
		_, err := client.Run(ctx, []string{"x"}, nil)
		var failed *agentkernel.Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !failed.Timeout() {
			t.Fatalf("%v %+v", err, failed)
		}
		return failed.Sent == agentkernel.SentSome
	})
	server.await("client_ended", 1)
}

func TestCancelHasACause(t *testing.T) {
	server := fault(t, silent)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the user left")
	go func() {
		server.await("complete", 1)
		cancel(why)
	}()
	_, err := server.client(t).Run(ctx, []string{"x"}, nil)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, why) || !errors.Is(err, agentkernel.ErrCancelled) {
		t.Error(err)
	}
	server.await("client_ended", 1)
}

func TestCancelledBeforeItStarts(t *testing.T) {
	server := fault(t, silent)
	client := server.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := client.Run(ctx, []string{"x"}, nil)
	var failed *agentkernel.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || failed.Sent != agentkernel.SentNothing {
		t.Error(err)
	}
	if _, err := client.RunStream(ctx, []string{"x"}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if log := ask(t, map[string]any{"op": "log", "id": server.id}); len(log["connections"].([]any)) != 0 {
		t.Error("it connected")
	}
}

func TestCancelStream(t *testing.T) {
	server := fault(t, endless)
	client := server.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	stream := startStream(t, ctx, client)
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := stream.Recv(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	server.await("client_ended", 1)

	// Neither the client nor its other calls are affected.
	other := startStream(t, bounded(t), client)
	if _, err := other.Recv(); err != nil {
		t.Fatal(err)
	}
	server.release()
	if event, err := other.Recv(); err != nil || event.Type != "done" {
		t.Error(event, err)
	}
}

func TestOwnTimeouts(t *testing.T) {
	server := fault(t, silent)
	client := newClient(t, &agentkernel.Options{BaseURL: server.url, Timeout: 50 * time.Millisecond})
	_, err := client.Health(bounded(t))
	var failed *agentkernel.Error
	if !errors.Is(err, agentkernel.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !failed.Timeout() {
		t.Error(err)
	}
	_, err = server.client(t).Run(bounded(t), []string{"x"}, &agentkernel.RunOptions{CallOptions: agentkernel.CallOptions{Timeout: time.Millisecond}})
	if !errors.Is(err, agentkernel.ErrTimeout) {
		t.Error(err)
	}
	_, err = client.GetSandbox(bounded(t), "x", &agentkernel.CallOptions{Timeout: -time.Second})
	if !errors.Is(err, agentkernel.ErrArgument) {
		t.Error("a negative timeout: ", err)
	}
}

// A thousand streams wait in a process of their own: with threads of the runtime only, and without a goroutine besides
// the callers'.
func TestThousandWaitingStreams(t *testing.T) {
	const streams, threads, begin = 1000, 30, 4
	if os.Getenv("AK_GO_WAITING") == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestThousandWaitingStreams$", "-test.v")
		child.Env = append(os.Environ(), "AK_GO_WAITING=1")
		said, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		t.Logf("%s", said)
		return
	}
	var limit syscall.Rlimit // seven descriptors a call; the runtime has raised the limit as far as it may
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 7*streams+100 {
		t.Skipf("a thousand streams need more descriptors than the limit of %d (%v)", limit.Cur, err)
	}
	server := fault(t, endless)
	client := server.client(t)
	before := runtime.NumGoroutine()
	var started, ended sync.WaitGroup
	failed := make(chan error, streams)
	// Few start at once: for C calls that take long, as on a busy machine, the runtime starts threads and keeps them.
	beginning := make(chan struct{}, begin)
	for range streams {
		started.Add(1)
		ended.Add(1)
		go func() {
			defer ended.Done()
			beginning <- struct{}{}
			stream, err := client.RunStream(context.Background(), []string{"x"}, nil)
			if err == nil {
				defer stream.Close()
				_, err = stream.Recv()
			}
			<-beginning
			started.Done()
			for err == nil {
				var event agentkernel.Event
				if event, err = stream.Recv(); err == nil && event.Type != "done" {
					err = fmt.Errorf("%+v", event)
				}
			}
			failed <- err
		}()
	}
	started.Wait()
	server.await("waiting", streams)
	quiet(t)
	running, goroutines := status(t, "Threads"), runtime.NumGoroutine()-before
	t.Logf("%d streams wait: %d threads, %d goroutines", streams, running, goroutines)
	if running >= threads || goroutines > streams {
		t.Errorf("%d threads, %d goroutines", running, goroutines)
	}
	server.release()
	ended.Wait()
	close(failed)
	for err := range failed {
		if err.Error() != "EOF" {
			t.Fatal(err)
		}
	}
}

// quiet waits until this process uses little processor time, as it does when all of it waits.
func quiet(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; {
		begin, cpu := time.Now(), cpuTime(t)
		time.Sleep(500 * time.Millisecond)
		if cpuTime(t)-cpu < time.Since(begin)/10 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("waiting takes the processor")
		}
	}
}

func cpuTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestOutOfDescriptors(t *testing.T) {
	server := fault(t, endless)
	client := server.client(t)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	lower := limit
	lower.Cur = min(uint64(descriptors(t))+40, math.MaxInt32)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	for range 40 {
		stream, err := client.RunStream(bounded(t), []string{"x"}, nil)
		if err == nil {
			defer stream.Close()
			_, err = stream.Recv()
		}
		if err != nil {
			if !errors.Is(err, agentkernel.ErrDescriptors) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("forty streams within forty descriptors")
}
