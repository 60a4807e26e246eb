package agentkernel_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// binary returns content of arbitrary bytes.
func binary(size int) []byte {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(content)
	return content
}

// withLocal passes a sandbox of agentkernel-local to a test.
func withLocal(t *testing.T, name string, use func(context.Context, *agentkernel.SandboxSession)) {
	t.Helper()
	ctx := bounded(t)
	err := localClient(t).WithSandbox(ctx, name, nil, func(s *agentkernel.SandboxSession) error {
		use(ctx, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesRoundTrip(t *testing.T) {
	withLocal(t, "go-files", func(ctx context.Context, s *agentkernel.SandboxSession) {
		for size, path := range map[int]string{
			0: "/tmp/nothing", 1: "/tmp/a b", 2: "/tmp/100%.txt", 3: "/tmp/what?#", 4: "/tmp/sub/folder/ü", 5: "/tmp/a%41",
			511: "/tmp/511", 512: "/tmp/512", 513: "/tmp/513", 100_000: "/tmp/pieces", 12_000_000: "/tmp/large",
		} {
			content := binary(size)
			if err := s.WriteFile(ctx, path, content); err != nil {
				t.Fatal(path, err)
			}
			if got, err := s.ReadFile(ctx, path); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes, %v", path, len(got), err)
			}
			slices.Reverse(content)
			for _, told := range []int64{int64(size), -1} {
				if err := s.WriteFileFrom(ctx, path, bytes.NewReader(content), told); err != nil {
					t.Fatal(path, told, err)
				}
				if got := streamed(t, ctx, s, path); !bytes.Equal(got, content) {
					t.Errorf("%s: %d bytes", path, len(got))
				}
			}
			if output, err := s.Run(ctx, []string{"wc", "-c", path}); err != nil || !strings.HasPrefix(output.Output, strconv.Itoa(size)+" ") {
				t.Error(output, err)
			}
			if err := s.DeleteFile(ctx, path); err != nil {
				t.Error(path, err)
			}
			if _, err := s.ReadFile(ctx, path); !errors.Is(err, agentkernel.ErrNotFound) {
				t.Error(path, err)
			}
		}
	})
}

func streamed(t *testing.T, ctx context.Context, s *agentkernel.SandboxSession, path string) []byte {
	t.Helper()
	file, err := s.OpenFile(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(iotest.HalfReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := file.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Error("after the end: ", n, err)
		}
	}
	return content
}

func TestWriteFiles(t *testing.T) {
	withLocal(t, "go-several", func(ctx context.Context, s *agentkernel.SandboxSession) {
		files := map[string]string{"/tmp/one": "1", "/tmp/sub/two": "two\n", "/tmp/ü": ""}
		if written, err := s.WriteFiles(ctx, files); err != nil || written.Written != len(files) {
			t.Fatal(written, err)
		}
		for path, content := range files {
			if got, err := s.ReadFile(ctx, path); err != nil || string(got) != content {
				t.Errorf("%s: %q %v", path, got, err)
			}
		}
		info, err := localClient(t).ReadFileInfo(ctx, s.Name(), "/tmp/sub/two")
		if err != nil || string(info.Content) != "two\n" || info.Encoding != "utf8" || info.Size != 4 {
			t.Errorf("%+v %v", info, err)
		}
		for _, path := range []string{"/tmp/../x", "/proc/self/mem", "", "relative"} {
			_, err := s.WriteFiles(ctx, map[string]string{path: "x"})
			if !errors.Is(err, agentkernel.ErrArgument) {
				t.Errorf("%q: %v", path, err)
			}
		}
	})
}

func TestUploadDownload(t *testing.T) {
	withLocal(t, "go-transfer", func(ctx context.Context, s *agentkernel.SandboxSession) {
		folder := t.TempDir()
		mine, content := filepath.Join(folder, "mine"), binary(1<<20)
		if err := os.WriteFile(mine, content, 0o600); err != nil {
			t.Fatal(err)
		}
		var up, down []int64
		if err := s.Upload(ctx, mine, "/tmp/theirs", &agentkernel.TransferOptions{Progress: func(n int64) { up = append(up, n) }}); err != nil {
			t.Fatal(err)
		}
		link, back := filepath.Join(folder, "link"), filepath.Join(folder, "back")
		if err := os.Symlink("back", link); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(back, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Download(ctx, "/tmp/nothing", back); !errors.Is(err, agentkernel.ErrNotFound) {
			t.Error(err)
		}
		if got, err := os.ReadFile(back); err != nil || string(got) != "before" {
			t.Errorf("%q %v", got, err)
		}
		if err := s.Download(ctx, "/tmp/theirs", link, &agentkernel.TransferOptions{Progress: func(n int64) { down = append(down, n) }}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
			t.Error(len(got), err)
		}
		for _, told := range [][]int64{up, down} {
			if len(told) < 2 || !slices.IsSorted(told) || told[len(told)-1] != int64(len(content)) {
				t.Error(told)
			}
		}
		for _, err := range []error{s.Upload(ctx, folder, "/tmp/x"), s.Download(ctx, "/tmp/theirs", folder), s.Download(ctx, "/tmp/theirs", "/dev/null")} {
			if !errors.Is(err, os.ErrInvalid) {
				t.Error("not a regular file: ", err)
			}
		}
		if err := s.Upload(ctx, filepath.Join(folder, "none"), "/tmp/x"); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 3 {
			t.Error(entries, err)
		}
	})
}

// halfFile sends some of a file's content, and the rest when it is released.
const halfFile = `{"rules": [{"times": "always", "steps": [
	{"text": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
	{"text": "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\""}, {"repeat_text": "a", "count": 50000},
	{"wait": "release"}, {"repeat_text": "b", "count": 50000}, {"text": "\"}}"}, {"close": true}]}]}`

func TestReadAsItComes(t *testing.T) {
	server := fault(t, halfFile)
	file, err := server.client(t).OpenFile(bounded(t), "x", "/tmp/x")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content := make([]byte, 50_000)
	if _, err := io.ReadFull(file, content); err != nil || strings.Trim(string(content), "a") != "" {
		t.Fatal(err)
	}
	server.release()
	if rest, err := io.ReadAll(file); err != nil || string(rest) != strings.Repeat("b", 50_000) {
		t.Error(len(rest), err)
	}
}

func TestReadEnds(t *testing.T) {
	server := fault(t, halfFile)
	client := server.client(t)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(bounded(t))
	for name, end := range map[string]func(*agentkernel.FileReader){
		"closed":    func(file *agentkernel.FileReader) { file.Close() },
		"cancelled": func(*agentkernel.FileReader) { cancel(why) },
	} {
		file, err := client.OpenFile(ctx, "x", "/tmp/x")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond, func() { end(file) })
		_, err = io.Copy(io.Discard, file)
		wanted := map[string]error{"closed": os.ErrClosed, "cancelled": why}[name]
		if !errors.Is(err, wanted) {
			t.Errorf("%s: %v", name, err)
		}
		if _, again := file.Read(make([]byte, 1)); again == nil || again == io.EOF {
			t.Errorf("%s: %v", name, again)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if name == "closed" {
			continue
		}
		if _, err := client.ReadFile(ctx, "x", "/tmp/x"); !errors.Is(err, why) {
			t.Error(err)
		}
		if err := client.WriteFileFrom(ctx, "x", "/tmp/x", strings.NewReader("x"), 1); !errors.Is(err, why) {
			t.Error(err)
		}
		ctx, cancel = context.WithCancelCause(bounded(t))
	}
	cancel(nil)
	server.await("client_ended", 2)
}

func TestForgottenFile(t *testing.T) {
	server := fault(t, halfFile)
	client := server.client(t)
	if _, err := client.OpenFile(bounded(t), "x", "/tmp/x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection ends", func() bool { return server.reached("client_ended", 1) })
}

func TestCutFile(t *testing.T) {
	server := fault(t, `{"rules": [{"steps": [{"text": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc"}, {"close": true}]}]}`)
	content, err := server.client(t).ReadFile(bounded(t), "x", "/tmp/x")
	if content != nil || !errors.Is(err, agentkernel.ErrNetwork) {
		t.Errorf("%q %v", content, err)
	}
}

const written = `{"rules": [{"times": "always", "steps": [{"reply": {"json": {"success": true, "data": "Wrote it"}}}]}]}`

func TestTooLargeIsNotSent(t *testing.T) {
	server := fault(t, written)
	client := server.client(t)
	content := binary(13 << 20)
	for _, err := range []error{
		client.WriteFile(bounded(t), "x", "/tmp/x", content),
		client.WriteFileFrom(bounded(t), "x", "/tmp/x", bytes.NewReader(content), int64(len(content))),
	} {
		var failed *agentkernel.Error
		if !errors.As(err, &failed) || failed.Code != agentkernel.ErrTooLarge || failed.Sent != agentkernel.SentNothing || !strings.Contains(failed.Message, "16777216") {
			t.Error(err)
		}
	}
	if log := ask(t, map[string]any{"op": "log", "id": server.id}); len(log["connections"].([]any)) != 0 {
		t.Error("it connected")
	}
	if err := client.WriteFileFrom(bounded(t), "x", "/tmp/x", bytes.NewReader(content), -1); !errors.Is(err, agentkernel.ErrTooLarge) {
		t.Error("of unknown size: ", err)
	}
}

// silentReader returns no bytes and no error, each time.
type silentReader struct{}

func (silentReader) Read([]byte) (int, error) { return 0, nil }

func TestReadersThatFail(t *testing.T) {
	server := fault(t, written)
	client := server.client(t)
	broken := errors.New("the disk is gone")
	for _, one := range []struct {
		from   io.Reader
		size   int64
		wanted error
	}{
		{iotest.ErrReader(broken), -1, broken},
		{io.MultiReader(bytes.NewReader(binary(200_000)), iotest.ErrReader(broken)), 300_000, broken},
		{iotest.TimeoutReader(bytes.NewReader(binary(200_000))), -1, iotest.ErrTimeout},
		{silentReader{}, 5, io.ErrNoProgress},
		{strings.NewReader("four"), 5, agentkernel.ErrArgument},
		{strings.NewReader("four"), 3, agentkernel.ErrArgument},
		{strings.NewReader("four"), -2, agentkernel.ErrArgument},
		{iotest.DataErrReader(strings.NewReader("four")), 4, nil},
		{iotest.OneByteReader(strings.NewReader("four")), -1, nil},
	} {
		if err := client.WriteFileFrom(bounded(t), "x", "/tmp/x", one.from, one.size); !errors.Is(err, one.wanted) || (one.wanted == nil) != (err == nil) {
			t.Errorf("%T %d: %v", one.from, one.size, err)
		}
	}
	counts := ask(t, map[string]any{"op": "counts", "id": server.id})["counts"].(map[string]any)
	if counts["complete"].(float64) != 2 {
		t.Errorf("%v", counts)
	}
}

// A server that refuses before all of the content is sent.
func TestEarlyAnswer(t *testing.T) {
	server := fault(t, `{"receive_buffer": 4096, "rules": [{"read": "head", "times": "always", "steps": [
		{"reply": {"status": 413, "headers": {"Connection": "close"}, "json": {"success": false, "error": "too much"}}}, {"read": "body"}, {"close": true}]}]}`)
	err := server.client(t).WriteFileFrom(bounded(t), "x", "/tmp/x", bytes.NewReader(binary(8<<20)), -1)
	if !errors.Is(err, agentkernel.ErrBodyTooLarge) {
		t.Error(err)
	}
}

// A sender that blocks in the middle delays no other call, and its context ends it.
func TestSlowServer(t *testing.T) {
	server := fault(t, `{"receive_buffer": 4096, "rules": [{"read": "head", "steps": [{"wait": "close"}]}]}`)
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	go func() {
		server.await("requests", 1)
		cancel()
	}()
	err := server.client(t).WriteFileFrom(ctx, "x", "/tmp/x", bytes.NewReader(binary(8<<20)), 8<<20)
	var failed *agentkernel.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || failed.Sent != agentkernel.SentSome {
		t.Error(err)
	}
}
