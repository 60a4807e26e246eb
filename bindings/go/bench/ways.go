package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// The streams of the server of fixed replies: events, and bytes of output in each.
var (
	events = map[string]int{"small": 100_000, "large": 10_000}
	sizes  = map[string]int{"small": 150, "large": 16_384}
)

var (
	url     = os.Getenv("AK_BENCH_URL")
	ctx     = context.Background()
	command = []string{"echo", "hello"}
	made    sync.Once
	client  *agentkernel.Client
)

// ours returns the process's only client: a process measures one way.
func ours() *agentkernel.Client {
	made.Do(func() { client = agentkernel.New(&agentkernel.Options{BaseURL: url}) })
	return client
}

func ourRun() (int, error) {
	output, err := ours().Run(ctx, command, nil)
	if err == nil && output.Output != "hello\n" {
		err = fmt.Errorf("output %q", output.Output)
	}
	return 1, err
}

func ourStream(size string) func() (int, error) {
	return func() (int, error) {
		stream, err := ours().RunStream(ctx, []string{size}, nil)
		if err != nil {
			return 0, err
		}
		outputs, length := 0, 0
		for event, err := range stream.Events() {
			if err != nil {
				return 0, err
			}
			if event.Type == "output" {
				outputs++
				length += len(event.Data)
			}
		}
		return complete(size, outputs, length)
	}
}

func ourRead(size string) func() (int, error) {
	buf := make([]byte, 64<<10)
	return func() (int, error) {
		stream, err := ours().RunStream(ctx, []string{size}, nil)
		if err != nil {
			return 0, err
		}
		defer stream.Close()
		length := 0
		for {
			n, err := stream.Read(buf)
			length += n
			if err == io.EOF {
				return complete(size, events[size], length)
			}
			if err != nil {
				return 0, err
			}
		}
	}
}

func complete(size string, outputs, length int) (int, error) {
	if outputs != events[size] || length != outputs*sizes[size] {
		return 0, fmt.Errorf("%d outputs, %d bytes", outputs, length)
	}
	return outputs, nil
}

// The same with Go's standard library: net/http and encoding/json.

func post(path string, command []string) (*http.Response, error) {
	body, err := json.Marshal(struct {
		Command []string `json:"command"`
		Fast    bool     `json:"fast"`
	}{command, false})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, "POST", url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return response, err
}

func httpRun() (int, error) {
	response, err := post("/run", command)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Success bool
		Data    struct{ Output string }
	}
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err == nil && answer.Data.Output != "hello\n" {
		err = fmt.Errorf("output %q", answer.Data.Output)
	}
	return 1, err
}

func httpStream(size string) func() (int, error) {
	return func() (int, error) {
		response, err := post("/run/stream", []string{size})
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(make([]byte, 64<<10), 1<<20)
		outputs, length, kind := 0, 0, ""
		var data []byte // of an event: its data lines, joined
		for lines.Scan() {
			switch line := lines.Bytes(); {
			case bytes.HasPrefix(line, []byte("event: ")):
				kind = string(line[len("event: "):])
			case bytes.HasPrefix(line, []byte("data: ")):
				if len(data) > 0 {
					data = append(data, '\n')
				}
				data = append(data, line[len("data: "):]...)
			case len(line) == 0 && kind == "output":
				var event struct{ Data, Stream string }
				if err := json.Unmarshal(data, &event); err != nil {
					return 0, err
				}
				outputs++
				length += len(event.Data)
				fallthrough
			case len(line) == 0:
				data, kind = data[:0], ""
			}
		}
		if err := lines.Err(); err != nil {
			return 0, err
		}
		return complete(size, outputs, length)
	}
}
