package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
)

// A file of 12 MB in and out: about the largest that servers take. The measuring process itself is the server, because
// all ways run in children of it.

const fileBytes = 12_000_000

var (
	fileURL = os.Getenv("AK_BENCH_FILE_URL")
	file    = sync.OnceValue(func() []byte {
		content := make([]byte, fileBytes)
		rand.NewChaCha8([32]byte{}).Read(content)
		return content
	})
)

// serveFile gives the file to whoever gets, takes any that is put, and puts its address into the environment.
func serveFile() {
	coded := base64.StdEncoding.EncodeToString(file())
	answer := fmt.Appendf(nil, `{"success":true,"data":{"encoding":"base64","content":"%s","size":%d}}`, coded, fileBytes)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	check(os.Setenv("AK_BENCH_FILE_URL", "http://"+listener.Addr().String()))
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			taken, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, `{"success":true,"data":"Wrote a file in %d bytes"}`, taken)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		w.Write(answer)
	}))
}

func ourReadFile() (int, error) {
	content, err := ours(fileURL).ReadFile(ctx, "box", "/tmp/file")
	if err == nil && len(content) != fileBytes {
		err = fmt.Errorf("%d bytes", len(content))
	}
	return 1, err
}

func ourOpenFile() func() (int, error) {
	buf := make([]byte, 64<<10)
	return func() (int, error) {
		from, err := ours(fileURL).OpenFile(ctx, "box", "/tmp/file")
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

func ourWriteFile() (int, error) { return 1, ours(fileURL).WriteFile(ctx, "box", "/tmp/file", file()) }

func ourWriteFileFrom() (int, error) {
	return 1, ours(fileURL).WriteFileFrom(ctx, "box", "/tmp/file", bytes.NewReader(file()), fileBytes)
}

// The same with what Go has, which makes base64 of []byte by itself.

func httpReadFile() (int, error) {
	response, err := http.Get(fileURL + "/sandboxes/box/files/tmp/file")
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
	request, err := http.NewRequest("PUT", fileURL+"/sandboxes/box/files/tmp/file", bytes.NewReader(body))
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
