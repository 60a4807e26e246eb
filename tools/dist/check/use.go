// From packages alone: a command, a stream, a sandbox and its files by local:, and a command through a TLS connection.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"MODULE"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func same(wanted, got string) {
	if wanted != got {
		log.Fatalf("%q where %q was wanted", got, wanted)
	}
}

func main() {
	ctx := context.Background()
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()
	fmt.Print(must(client.Run(ctx, []string{"echo", "hello"}, nil)).Output)
	var text bytes.Buffer
	for event, err := range must(client.RunStream(ctx, []string{"sh", "-c", "echo one; echo two"}, nil)).Events() {
		text.Write(must(event, err).Data)
	}
	same("one\ntwo\n", text.String())
	must(0, client.WithSandbox(ctx, "check-go", nil, func(sandbox *agentkernel.SandboxSession) error {
		must(0, sandbox.WriteFile(ctx, "/tmp/data", []byte{0, 255}))
		same("\x00\xff", string(must(sandbox.ReadFile(ctx, "/tmp/data"))))
		same("2", strings.TrimSpace(must(sandbox.Run(ctx, []string{"sh", "-c", "wc -c </tmp/data"})).Output))
		return nil
	}))
	safe := agentkernel.New(&agentkernel.Options{BaseURL: os.Getenv("CHECK_URL"), CAFile: os.Getenv("CHECK_CA")})
	defer safe.Close()
	same("safe\n", must(safe.Run(ctx, []string{"echo", "safe"}, nil)).Output)
	maps := string(must(os.ReadFile("/proc/self/maps")))
	if strings.Contains(maps, "libcurl") || strings.Contains(maps, "libcjson") {
		log.Fatal(maps)
	}
}
