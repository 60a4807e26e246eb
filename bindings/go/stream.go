package agentkernel

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// Stream returns the events of a running command: one by one ([Stream.Recv]), in a loop ([Stream.Events]), or only
// the bytes of its output ([Stream.Read]). A slow reader slows the sender down. Close may be called by another
// goroutine at any time; everything else is for one goroutine at a time.
type Stream struct {
	call    *call
	cleanup runtime.Cleanup
	event   Event // filled by Recv
	result  Event
	ended   error // how it ended: io.EOF, or the error
	first   bool  // the current record is the first step's and was not returned yet
}

func newStream(ctx context.Context, c *Client, id int32, bind func(*binder)) (*Stream, error) {
	made, err := newCall(ctx, c, id, bind)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		raw.Call_cancel(made.handle)
	}
	status := made.turn(next, nil) // sends the request, and does not wait for the reply
	if status < 0 {
		defer made.close()
		return nil, made.failure(Code(status))
	}
	s := &Stream{call: made, first: status == raw.ITEM}
	s.cleanup = runtime.AddCleanup(s, (*call).close, made)
	return s, nil
}

// Recv waits for the next event. The error is [io.EOF] at the end. A command that fails is not an error: it is an event
// of type done with its exit code. After an event's output was read in part, Recv fails with ErrState: it would lose
// the rest.
func (s *Stream) Recv() (Event, error) {
	if err := s.receive(); err != nil {
		return Event{}, err
	}
	return s.event, nil
}

// receive fills s.event with the next one.
func (s *Stream) receive() error {
	s.call.use.Lock()
	status, err := s.advance(next, nil)
	if err == nil && status == raw.ITEM {
		err = s.decode()
	}
	s.call.use.Unlock()
	return err
}

// Events iterates over the events, and closes the stream however the loop is left. An error is the last item that it
// yields.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer s.Close()
		for {
			if err := s.receive(); err != nil {
				if err != io.EOF {
					yield(Event{}, err)
				}
				return
			}
			if !yield(s.event, nil) {
				return
			}
		}
	}
}

// Read reads output of the command into the caller's buffer, without a copy in between. Other events are skipped; see
// [Stream.Result]. The error is [io.EOF] at the end.
func (s *Stream) Read(buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	s.call.use.Lock()
	defer s.call.use.Unlock()
	if s.first && s.call.handle != 0 { // it may be the result, which read would skip
		s.first = false
		if err := s.decode(); err != nil {
			return 0, err
		}
	}
	for {
		status, err := s.advance(read, buf)
		if err != nil {
			return 0, err
		}
		if status == raw.OK {
			return s.call.out.size, nil
		}
		if status := raw.Call_values(s.call.handle, s.call.values, &s.call.out.size, s.call.fail); status < 0 {
			return 0, newError(Code(status), s.call.fail)
		}
		if err := s.decode(); err != nil {
			return 0, err
		}
	}
}

// Result returns the event that ended the command, done or error, once it has arrived.
func (s *Stream) Result() (Event, bool) {
	return s.result, s.result.Type != ""
}

// Close ends the stream, and the command if it still runs. A Recv or Read in progress returns an error that is
// [ErrClosed]. It may be called again.
func (s *Stream) Close() error {
	s.cleanup.Stop()
	s.call.close()
	return nil
}

// String returns the name of the stream's operation for fmt.
func (s *Stream) String() string { return s.call.describe("Stream") }

// advance advances to a record (ITEM) or to bytes (OK).
func (s *Stream) advance(by func(*call, []byte) int32, buf []byte) (int32, error) {
	if s.ended != nil {
		return 0, s.ended
	}
	if s.call.handle == 0 {
		return 0, closed("stream")
	}
	if s.first {
		s.first = false
		return raw.ITEM, nil
	}
	status, err := s.call.advance(by, buf)
	runtime.KeepAlive(s)
	if err == nil && status == raw.DONE {
		err = io.EOF
	}
	if err != nil && !errors.Is(err, ErrState) { // a Recv within output that Read has begun: Read may continue
		s.ended = err
		s.call.release() // here and not in Close, so that the server is notified at once
	}
	return status, err
}

func (s *Stream) decode() error {
	if s.ended = s.call.reader.decode(s.call.values, &s.event); s.ended != nil {
		return s.ended
	}
	if s.event.Type == "done" || s.event.Type == "error" {
		s.result = s.event
	}
	return nil
}
