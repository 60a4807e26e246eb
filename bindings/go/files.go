package agentkernel

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// ReadFile reads a file of a sandbox. See OpenFile for large ones.
func (c *Client) ReadFile(ctx context.Context, name, path string, opts ...*CallOptions) ([]byte, error) {
	file, err := c.OpenFile(ctx, name, path, opts...)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return content, nil
}

// FileReader reads a file of a sandbox as it arrives. Close may be called by another goroutine at any time; Read is for
// one at a time.
type FileReader struct {
	call    *call
	cleanup runtime.Cleanup
	head    []byte // what OpenFile has read
	ended   error  // how it ended: io.EOF, or the error
}

// headBytes is how much OpenFile reads, to find out whether the file exists.
const headBytes = 512

// OpenFile opens a file of a sandbox for reading, and waits for its first bytes. They are decoded straight into the
// reader's buffer; a slow reader slows the server down. Memory is constant where the server sends the encoding before
// the content, as agentkernel-local does; from others the library keeps the whole reply, up to
// [Options].MaxReplyBytes. The context and the timeout apply until the last byte.
func (c *Client) OpenFile(ctx context.Context, name, path string, opts ...*CallOptions) (*FileReader, error) {
	made, err := newCall(ctx, c, raw.OP_READ_FILE, func(to *binder) {
		to.text(raw.KEY_NAME, name)
		to.text(raw.KEY_PATH, path)
		last(opts).bind(to)
	})
	if err != nil {
		return nil, err
	}
	f := &FileReader{call: made}
	head := make([]byte, headBytes)
	size, err := f.Read(head)
	if err != nil && err != io.EOF {
		return nil, err
	}
	f.head = head[:size]
	f.cleanup = runtime.AddCleanup(f, (*call).close, made)
	return f, nil
}

// Read reads into the caller's buffer, without a copy in between. The error is [io.EOF] at the end.
func (f *FileReader) Read(buf []byte) (int, error) {
	f.call.use.Lock()
	defer f.call.use.Unlock()
	switch {
	case f.call.handle == 0 && f.ended == nil:
		return 0, closed("file")
	case len(f.head) > 0 || len(buf) == 0:
		size := copy(buf, f.head)
		f.head = f.head[size:]
		return size, nil
	case f.ended != nil:
		return 0, f.ended
	}
	for {
		status, err := f.call.advance(read, buf)
		runtime.KeepAlive(f)
		if err == nil && status == raw.OK {
			return f.call.out.size, nil
		}
		if err == nil && status == raw.ITEM { // an empty file
			continue
		}
		if f.ended = err; err == nil {
			f.ended = io.EOF
		}
		f.call.release()
		return 0, f.ended
	}
}

// Close closes the reader. A Read in progress returns an error that is [ErrClosed]. It may be called again.
func (f *FileReader) Close() error {
	f.cleanup.Stop()
	f.call.close()
	return nil
}

// String returns the name of the reader's operation for fmt.
func (f *FileReader) String() string { return f.call.describe("FileReader") }

// pieceBytes is how much WriteFileFrom reads at a time, and maxEmptyReads how many reads in a row may return nothing.
const (
	pieceBytes    = 64 << 10
	maxEmptyReads = 100
)

// WriteFileFrom writes a file of a sandbox from a reader. No more than a piece of it is held in memory. The size is
// the number of bytes that will follow: too many are refused before anything is sent. It is -1 when it is not known.
// When the reader fails, the server has received half a request, and writes nothing. The context ends the writing, but
// does not interrupt a Read of the reader.
func (c *Client) WriteFileFrom(ctx context.Context, name, path string, from io.Reader, size int64, opts ...*CallOptions) error {
	call, err := newCall(ctx, c, raw.OP_WRITE_FILE, func(to *binder) {
		to.text(raw.KEY_NAME, name)
		to.text(raw.KEY_PATH, path)
		if size != -1 {
			to.integer(raw.KEY_SIZE, size)
		}
		last(opts).bind(to)
	})
	if err != nil {
		return err
	}
	defer call.close()
	if err := call.pour(from); err != nil {
		return err
	}
	return call.finish()
}

// pour writes the content of a reader.
func (c *call) pour(from io.Reader) error {
	buf := make([]byte, pieceBytes)
	for empty := 0; ; empty++ {
		size, err := from.Read(buf)
		if size > 0 {
			empty = 0
		}
		for piece := buf[:size]; len(piece) > 0; piece = piece[c.out.size:] {
			if status, err := c.advance(write, piece); err != nil || status == raw.DONE { // the reply may come early
				return err
			}
		}
		if err == io.EOF {
			_, err := c.advance(write, nil)
			return err
		}
		if err == nil && empty == maxEmptyReads {
			err = io.ErrNoProgress
		}
		if err != nil {
			return fmt.Errorf("agentkernel: write_file: the content: %w", err)
		}
	}
}
