package agentkernel

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// call is one call of the library.
//
// The goroutine that advances it holds use; mu only guards the handle against a concurrent cancel, so that a cancel
// never blocks.
type call struct {
	ctx  context.Context
	op   *operation
	fail raw.Error

	use    sync.Mutex
	values []raw.Value // the current record
	reader reader
	out    *out
	file   *os.File // a duplicate of the call's descriptor, since the first wait
	wait   syscall.RawConn
	stop   func() bool // stops watching the context

	mu     sync.Mutex
	handle raw.Call
}

// out holds the out-parameters of the library's functions, in memory without Go pointers, as cgo requires.
type out struct {
	call raw.Call
	view raw.View
	size int
}

// newCall prepares a call: nothing is sent.
func newCall(ctx context.Context, c *Client, id int32, bind func(*binder)) (*call, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.err != nil {
		return nil, c.err
	}
	op := operationOf(id)
	call := &call{ctx: ctx, op: op, fail: raw.Error_new(), values: make([]raw.Value, len(op.fields)), out: &out{}}
	call.reader.call = call
	err := errorOf(raw.Call_new(c.handle, id, &call.out.call, call.fail), call.fail)
	call.handle = call.out.call
	if err == nil {
		to := binder{call: call.handle, fail: call.fail}
		bind(&to)
		err = to.err
	}
	if err != nil {
		call.close()
		return nil, err
	}
	return call, nil
}

// These two bound how many goroutines are inside the library at once: the first enter freely, the others queue. The
// runtime starts another thread for every C function that takes more than some microseconds, so that thousands of calls
// that start together would leave a hundred threads behind.
var (
	inside  atomic.Int32
	turns   = make(chan struct{}, abreast)
	abreast = max(4, runtime.GOMAXPROCS(0))
)

// next steps to the next record and takes its fields.
func next(c *call, _ []byte) int32 {
	return raw.Call_next(c.handle, c.values, c.fail)
}

func read(c *call, buf []byte) int32 { return raw.Call_read(c.handle, buf, &c.out.size, c.fail) }

func write(c *call, data []byte) int32 { return raw.Call_write(c.handle, data, &c.out.size, c.fail) }

// advance calls a function of the library until it returns anything but AGAIN. The runtime's poller does the waiting.
func (c *call) advance(by func(*call, []byte) int32, buf []byte) (int32, error) {
	if c.ctx.Err() != nil {
		raw.Call_cancel(c.handle)
	}
	status := c.turn(by, buf)
	if status == raw.AGAIN {
		if err := c.watch(); err != nil {
			return 0, err
		}
		// The poller is edge-triggered, so each check of the descriptor's state is a step inside its callback.
		if err := c.wait.Read(func(uintptr) bool {
			status = c.turn(by, buf)
			return status != raw.AGAIN
		}); err != nil {
			return 0, err
		}
	}
	if status < 0 {
		return 0, c.failure(Code(status))
	}
	return status, nil
}

func (c *call) turn(by func(*call, []byte) int32, buf []byte) int32 {
	queued := inside.Add(1) > int32(abreast)
	if queued {
		turns <- struct{}{}
	}
	status := by(c, buf)
	if queued {
		<-turns
	}
	inside.Add(-1)
	return status
}

// watch has the runtime's poller and the context watch the call, once. The poller gets a duplicate of the descriptor,
// because it closes its descriptor.
func (c *call) watch() error {
	if c.file != nil {
		return nil
	}
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(raw.Call_fd(c.handle)), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 { // the only reason is the limit
		return &Error{Code: ErrDescriptors, Message: "no descriptor left to wait with", Operation: raw.Operation_name(c.op.id),
			Phase: "wait", Sent: SentSome, causes: []error{errno}}
	}
	err := syscall.SetNonblock(int(fd), true) // os.NewFile passes only such descriptors to the poller
	c.file = os.NewFile(fd, "agentkernel call")
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if c.wait, err = c.file.SyscallConn(); err != nil {
		return err
	}
	if c.ctx.Done() != nil {
		c.stop = context.AfterFunc(c.ctx, c.cancel)
	}
	return nil
}

// cancel wakes a goroutine that waits for the call; it may be called at any time.
func (c *call) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle != 0 {
		raw.Call_cancel(c.handle)
	}
}

// failure returns the error that the call ended with, and why it was cancelled if it was.
func (c *call) failure(code Code) error {
	err := newError(code, c.fail)
	if code != ErrCancelled {
		return err
	}
	if ended := c.ctx.Err(); ended != nil {
		err.causes = append(err.causes, ended)
		if cause := context.Cause(c.ctx); cause != ended {
			err.causes = append(err.causes, cause)
		}
	} else {
		err.causes = append(err.causes, closed(c.what()))
	}
	return err
}

// what its user knows the call as.
func (c *call) what() string {
	if c.op.id == raw.OP_READ_FILE {
		return "file"
	}
	return "stream"
}

// close ends the call in any state. It may be called at any time, and again.
func (c *call) close() {
	if !c.use.TryLock() { // cancel only then: the connection of a cancelled call is not reused
		c.cancel()
		c.use.Lock()
	}
	defer c.use.Unlock()
	c.release()
}

// release frees all resources of the call; the caller holds use.
func (c *call) release() {
	if c.stop != nil {
		c.stop()
	}
	if c.file != nil {
		c.file.Close() // before the call's own descriptor is closed
		c.file, c.wait = nil, nil
	}
	c.mu.Lock()
	raw.Call_free(c.handle)
	c.handle = 0
	c.mu.Unlock()
	raw.Error_free(c.fail)
	c.fail = 0
}

// recordOf is a pointer to a record of a type.
type recordOf[T any] interface {
	*T
	readable
}

// all makes a call and collects its records; after an error it also returns those before it.
func all[T any, P recordOf[T]](ctx context.Context, c *Client, id int32, bind func(*binder)) ([]T, error) {
	call, err := newCall(ctx, c, id, bind)
	if err != nil {
		return nil, err
	}
	defer call.close()
	records := []T{}
	for {
		status, err := call.advance(next, nil)
		if err != nil || status == raw.DONE {
			return records, err
		}
		var record T
		if err := call.reader.decode(call.values, P(&record)); err != nil {
			return records, err
		}
		records = append(records, record)
	}
}

// one makes a call that yields one record.
func one[T any, P recordOf[T]](ctx context.Context, c *Client, id int32, bind func(*binder)) (*T, error) {
	records, err := all[T, P](ctx, c, id, bind)
	if err != nil {
		return nil, err
	}
	if len(records) != 1 {
		return nil, &Error{Code: ErrProtocol, Operation: raw.Operation_name(id), Message: "not one record"}
	}
	return &records[0], nil
}

// none makes a call that yields no record.
func none(ctx context.Context, c *Client, id int32, bind func(*binder)) error {
	call, err := newCall(ctx, c, id, bind)
	if err != nil {
		return err
	}
	defer call.close()
	return call.finish()
}

// finish advances to the end and ignores records.
func (c *call) finish() error {
	for {
		if status, err := c.advance(next, nil); err != nil || status == raw.DONE {
			return err
		}
	}
}
