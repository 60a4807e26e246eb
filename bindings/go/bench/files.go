package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// A file of 12 MB in and out: about the largest that servers take.

const fileBytes = 12_000_000

var (
	fileURL = url + "/sandboxes/bench/files/tmp/x"
	file    = sync.OnceValue(func() []byte {
		content := make([]byte, fileBytes)
		for i := range content {
			content[i] = byte(i) // as the server sends it
		}
		return content
	})
)

func ourReadFile() (int, error) {
	content, err := ours().ReadFile(ctx, "bench", "/tmp/x")
	if err == nil && len(content) != fileBytes {
		err = fmt.Errorf("%d bytes", len(content))
	}
	return 1, err
}

func ourOpenFile() func() (int, error) {
	buf := make([]byte, 64<<10)
	return func() (int, error) {
		from, err := ours().OpenFile(ctx, "bench", "/tmp/x")
		if err != nil {
			return 0, err
		}
		defer from.Close()
		length, err := io.CopyBuffer(io.Discard, from, buf)
		if err == nil && length != fileBytes {
			err = fmt.Errorf("%d bytes", length)
		}
		return 1, err
	}
}

func ourWriteFile() (int, error) { return 1, ours().WriteFile(ctx, "bench", "/tmp/x", file()) }

func ourWriteFileFrom() (int, error) {
	return 1, ours().WriteFileFrom(ctx, "bench", "/tmp/x", bytes.NewReader(file()), fileBytes)
}

// The same with Go's standard library, which encodes []byte as base64.

func httpReadFile() (int, error) {
	response, err := http.Get(fileURL)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Data struct{ Content []byte }
	}
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err == nil && len(answer.Data.Content) != fileBytes {
		err = fmt.Errorf("%d bytes", len(answer.Data.Content))
	}
	return 1, err
}

func httpWriteFile() (int, error) {
	body, err := json.Marshal(struct {
		Encoding string `json:"encoding"`
		Content  []byte `json:"content"`
	}{"base64", file()})
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest("PUT", fileURL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err = io.Copy(io.Discard, response.Body); err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return 1, err
}
