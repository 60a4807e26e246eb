package agentkernel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// Every piece of Go in README.md stands here, in a function that go test runs: a test compares.

var ctx = context.Background()

func Example() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"}) // a server of this process's own
	defer client.Close()
	output, err := client.Run(ctx, []string{"echo", "hello"}, nil)
	if err != nil {
		panic(err)
	}
	fmt.Print(output.Output)
	// Output: hello
}

func ExampleClient_RunStream() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	stream, err := client.RunStream(ctx, []string{"sh", "-c", "echo one; sleep 0.1; echo two; exit 3"}, nil)
	if err != nil {
		panic(err)
	}
	for event, err := range stream.Events() { // leaving the loop, in whatever way, ends the command
		if err != nil {
			panic(err)
		}
		switch event.Type {
		case "output":
			os.Stdout.Write(event.Data)
		case "done":
			fmt.Println("exit code", event.ExitCode)
		}
	}
	// Output:
	// one
	// two
	// exit code 3
}

func ExampleStream_Read() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	stream, err := client.RunStream(ctx, []string{"seq", "3"}, nil)
	if err != nil {
		panic(err)
	}
	defer stream.Close()
	io.Copy(os.Stdout, stream) // a Stream is an io.Reader: it decodes straight into the reader's buffer
	result, _ := stream.Result()
	fmt.Println("exit code", result.ExitCode)
	// Output:
	// 1
	// 2
	// 3
	// exit code 0
}

func ExampleClient_WithSandbox() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	opts := &agentkernel.CreateSandboxOptions{Profile: agentkernel.ProfileModerate}
	err := client.WithSandbox(ctx, "work", opts, func(sandbox *agentkernel.SandboxSession) error {
		if _, err := sandbox.Run(ctx, []string{"sh", "-c", "echo kept > note.txt"}); err != nil {
			return err
		}
		output, err := sandbox.Run(ctx, []string{"cat", "note.txt"}, &agentkernel.ExecOptions{Env: []string{"LANG=C"}})
		if err != nil {
			return err
		}
		fmt.Print(output.Output)
		return nil
	}) // it is removed by now: after a return, an error, a panic, or the end of the context
	fmt.Println(err)
	// Output:
	// kept
	// <nil>
}

func ExampleError() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	_, err := client.Run(ctx, []string{"sh", "-c", "echo no luck; exit 3"}, nil)
	var failed *agentkernel.Error
	if errors.As(err, &failed) && failed.Code == agentkernel.ErrCommand {
		fmt.Printf("exit code %d, output %q\n", failed.ExitCode, failed.Output)
	}
	_, err = client.GetSandbox(ctx, "nobody")
	fmt.Println(errors.Is(err, agentkernel.ErrNotFound))

	soon, stop := context.WithTimeout(ctx, 200*time.Millisecond)
	defer stop()
	_, err = client.Run(soon, []string{"sleep", "60"}, nil)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// exit code 3, output "no luck\n"
	// true
	// true
}
