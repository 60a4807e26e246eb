// Run streams the output of a command, and exits with its exit code: go run ./run echo hello
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/thrashr888/agentkernel/bindings/go"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: run COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	code, err := run(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(ctx context.Context, command []string) (int, error) {
	client := agentkernel.New(nil)
	defer client.Close()
	stream, err := client.RunStream(ctx, command, nil)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	if _, err := io.Copy(os.Stdout, stream); err != nil {
		return 0, err
	}
	result, _ := stream.Result()
	if result.Type == "error" {
		return 0, fmt.Errorf("the command could not run: %s", result.Message)
	}
	return result.ExitCode, nil
}
