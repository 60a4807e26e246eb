package agentkernel_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// various serves several operations: health, a run, a stream that continues when it is released, a file.
const various = `{"rules": [
	{"target": "/health", "times": "always", "steps": [{"reply": {"json": {"success": true, "data": "ok"}}}]},
	{"target": "/run", "times": "always", "steps": [{"delay_ms": 5}, {"reply": {"json": {"success": true, "data": {"output": "hello\n"}}}}]},
	{"target": "/run/stream", "times": "always", "steps": [
		{"sse": {"events": [{"event": "output", "data": {"data": "first"}}], "end": false}}, {"wait": "release"},
		{"event": {"event": "done", "data": {"exit_code": 0, "success": true}}}, {"last_chunk": true}]},
	{"method": "GET", "times": "always", "steps": [{"text": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"},
		{"text": "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"first"}, {"wait": "close"}]}]}`

// owner refers to objects of each kind, as a program's own object may: they are collected together with it.
type owner struct {
	client *agentkernel.Client
	stream *agentkernel.Stream
	file   *agentkernel.FileReader
	self   *owner
}

func newOwner(t *testing.T, url string) *owner {
	client := agentkernel.New(&agentkernel.Options{BaseURL: url})
	stream, err := client.RunStream(context.Background(), []string{"x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := client.OpenFile(context.Background(), "x", "/x")
	if err != nil {
		t.Fatal(err)
	}
	return &owner{client: client, stream: stream, file: file}
}

// use uses all of them, in any order, and closes them; afterwards each reports that it is closed.
func (o *owner) use(order int) error {
	failed := make([]error, 0, 8)
	note := func(_ any, err error) { failed = append(failed, err) }
	uses := []func(){
		func() { note(o.client.Health(context.Background())) },
		func() { note(o.client.Run(context.Background(), []string{"x"}, nil)) },
		func() { note(o.stream.Recv()) },
		func() { note(o.file.Read(make([]byte, 1))) },
	}
	for i := range uses {
		uses[(i+order)%len(uses)]()
	}
	closes := []func() error{o.client.Close, o.stream.Close, o.file.Close}
	for i := range closes {
		note(nil, closes[(i+order)%len(closes)]())
	}
	for _, use := range uses {
		before := len(failed)
		use()
		if !errors.Is(failed[before], os.ErrClosed) {
			return errors.Join(errors.New("it is not closed"), failed[before])
		}
		failed = failed[:before]
	}
	return errors.Join(failed...)
}

// Finalizers of a program's own object, of the objects that it refers to, and cleanups: each may still use all of them,
// and when they have run, nothing is leaked.
func TestFinalizersUseWhatIsCollectedWithThem(t *testing.T) {
	const rounds = 5
	server := fault(t, various)
	var ran atomic.Int32
	problems := make(chan error, 100)
	use := func(o *owner) {
		problems <- o.use(int(ran.Load()))
		ran.Add(1)
	}
	makers := map[string]func(){
		"a finalizer": func() { runtime.SetFinalizer(newOwner(t, server.url), use) },
		"a cleanup": func() {
			o := newOwner(t, server.url)
			holder := &struct{ held *owner }{o}
			runtime.AddCleanup(holder, use, o)
		},
		"of the client": func() {
			o := newOwner(t, server.url)
			stream, file := o.stream, o.file
			runtime.SetFinalizer(o.client, func(client *agentkernel.Client) {
				use(&owner{client: client, stream: stream, file: file})
			})
		},
		"of the stream": func() {
			o := newOwner(t, server.url)
			client, file := o.client, o.file
			runtime.SetFinalizer(o.stream, func(stream *agentkernel.Stream) {
				use(&owner{client: client, stream: stream, file: file})
			})
		},
		"of the file": func() {
			o := newOwner(t, server.url)
			client, stream := o.client, o.stream
			runtime.SetFinalizer(o.file, func(file *agentkernel.FileReader) {
				use(&owner{client: client, stream: stream, file: file})
			})
		},
	}
	for name, maker := range makers {
		t.Run(name, func(t *testing.T) {
			before := ran.Load()
			for range rounds {
				maker()
			}
			eventually(t, name, func() bool { return ran.Load() >= before+rounds })
			for range rounds {
				if err := <-problems; err != nil {
					t.Error(err)
				}
			}
		})
	}
	server.await("client_ended", 2*rounds*len(makers))
}

// A cycle has no order, so its finalizers never run; the cleanups of this package do.
func TestCyclesAreCollected(t *testing.T) {
	server := fault(t, various)
	for range 3 {
		o := newOwner(t, server.url)
		o.self = o
	}
	eventually(t, "the connections end", func() bool { return server.reached("client_ended", 6) })
}

// An object that a finalizer resurrects remains usable, until it is collected again.
func TestResurrection(t *testing.T) {
	server := fault(t, various)
	rescued := make(chan *owner, 1)
	func() {
		o := newOwner(t, server.url)
		runtime.SetFinalizer(o, func(o *owner) { rescued <- o })
	}()
	var o *owner
	eventually(t, "it is rescued", func() bool {
		select {
		case o = <-rescued:
			return true
		default:
			return false
		}
	})
	if _, err := o.client.Health(bounded(t)); err != nil {
		t.Error(err)
	}
	server.release()
	for _, err := range o.stream.Events() {
		if err != nil {
			t.Error(err)
		}
	}
	if n, err := o.file.Read(make([]byte, 5)); n != 5 || err != nil {
		t.Error(n, err)
	}
}

// The collector runs all the time, and a waiting goroutine has the last reference to its stream: events still arrive.
func TestCollectorWhileCallsWait(t *testing.T) {
	server := fault(t, various)
	const streams = 8
	failed := make(chan error, 3*streams)
	for range streams {
		go func() { // of a client that is no longer referenced
			stream, err := agentkernel.New(&agentkernel.Options{BaseURL: server.url}).RunStream(context.Background(), []string{"x"}, nil)
			if err == nil {
				_, err = stream.Recv()
			}
			if err == nil {
				_, err = stream.Recv() // nothing refers to the stream after this
			}
			failed <- err
		}()
		go func() {
			stream, err := agentkernel.New(&agentkernel.Options{BaseURL: server.url}).RunStream(context.Background(), []string{"x"}, nil)
			if err == nil {
				_, err = io.ReadAll(stream)
			}
			failed <- err
		}()
		go func() {
			_, err := agentkernel.New(&agentkernel.Options{BaseURL: server.url}).Run(context.Background(), []string{"x"}, nil)
			failed <- err
		}()
	}
	stop := make(chan bool)
	var collecting sync.WaitGroup
	collecting.Add(1)
	go func() {
		defer collecting.Done()
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	server.await("waiting", 2*streams)
	for range 20 {
		runtime.GC()
	}
	server.release()
	for range 3 * streams {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	close(stop)
	collecting.Wait()
}

// Several goroutines close everything at once, while others wait for it: each wait ends, and none hangs.
func TestCloseInAnyOrder(t *testing.T) {
	server := fault(t, various)
	for round := range 40 {
		o := newOwner(t, server.url)
		ctx, cancel := context.WithCancel(context.Background())
		other, err := o.client.RunStream(ctx, []string{"x"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var ready, all sync.WaitGroup
		start := make(chan bool)
		spawn := func(f func()) {
			ready.Add(1)
			all.Add(1)
			go func() {
				defer all.Done()
				ready.Done()
				<-start
				f()
			}()
		}
		ends := func(use func() error) func() {
			return func() {
				err := use()
				for err == nil {
					err = use()
				}
				if !errors.Is(err, os.ErrClosed) && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		}
		spawn(ends(func() error { _, err := o.stream.Recv(); return err }))
		spawn(ends(func() error { _, err := other.Read(make([]byte, 10)); return err }))
		spawn(ends(func() error { _, err := o.file.Read(make([]byte, 10)); return err }))
		spawn(ends(func() error { _, err := o.client.Run(ctx, []string{"x"}, nil); return err }))
		closes := []func(){
			func() { o.stream.Close() }, func() { o.stream.Close() }, func() { o.file.Close() }, func() { o.file.Close() },
			func() { o.client.Close() }, func() { o.client.Close() }, cancel, func() { other.Close() }, runtime.GC,
		}
		for i := range closes {
			spawn(closes[(i+round)%len(closes)])
		}
		ready.Wait()
		close(start)
		all.Wait()
	}
	server.await("client_ended", 40)
}

// A program that ends amid calls ends with its own exit code.
func TestProcessEndsAmidCalls(t *testing.T) {
	if how := os.Getenv("AK_GO_END"); how != "" {
		endAmidCalls(t, how, os.Getenv("AK_GO_URL"))
		return
	}
	server := fault(t, various)
	for how, code := range map[string]int{"exit": 7, "panic": 2, "finalizer": 7} {
		child := exec.Command(os.Args[0], "-test.run=^TestProcessEndsAmidCalls$")
		child.Env = append(os.Environ(), "AK_GO_END="+how, "AK_GO_URL="+server.url)
		said, err := child.CombinedOutput()
		if got := child.ProcessState.ExitCode(); got != code {
			t.Errorf("%s: exit code %d, not %d: %v\n%s", how, got, code, err, said)
		}
		if strings.Contains(string(said), "SIG") || strings.Contains(string(said), "DATA RACE") {
			t.Errorf("%s: %s", how, said)
		}
	}
}

// endAmidCalls is the program that ends: streams wait, calls start and end, all of its threads use the library.
func endAmidCalls(t *testing.T, how, url string) {
	client := agentkernel.New(&agentkernel.Options{BaseURL: url})
	var under sync.WaitGroup
	for range 8 {
		under.Add(2)
		go func() {
			stream, err := client.RunStream(context.Background(), []string{"x"}, nil)
			if err != nil {
				panic(err)
			}
			stream.Recv()
			under.Done()
			stream.Recv()
		}()
		go func() {
			client.Health(context.Background())
			under.Done()
			for {
				client.Health(context.Background())
			}
		}()
	}
	under.Wait()
	switch how {
	case "exit":
		os.Exit(7)
	case "panic":
		go func() { panic("as it should") }()
		select {}
	case "finalizer": // which uses what is collected with it, and ends the program
		runtime.SetFinalizer(newOwner(t, url), func(o *owner) {
			o.client.Health(context.Background())
			os.Exit(7)
		})
		for {
			runtime.GC()
		}
	}
}
