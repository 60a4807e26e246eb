package agentkernel_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// Every Go snippet of README.md is here, in a function that go test runs: a test compares them.

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
	if err != nil {
		panic(err)
	}
	// Output: kept
}

func ExampleSandboxSession_ReadFile() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	err := client.WithSandbox(ctx, "files", nil, func(sandbox *agentkernel.SandboxSession) error {
		if err := sandbox.WriteFile(ctx, "/workspace/in.txt", []byte("two\none\n")); err != nil {
			return err
		}
		if _, err := sandbox.Run(ctx, []string{"sort", "-o", "out.txt", "in.txt"}); err != nil {
			return err
		}
		content, err := sandbox.ReadFile(ctx, "/workspace/out.txt")
		fmt.Printf("%s", content)
		return err
	})
	if err != nil {
		panic(err)
	}
	// Output:
	// one
	// two
}

func ExampleSandboxSession_WriteFileFrom() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	err := client.WithSandbox(ctx, "streams", nil, func(sandbox *agentkernel.SandboxSession) error {
		source := io.LimitReader(rand.Reader, 10_000_000)
		if err := sandbox.WriteFileFrom(ctx, "/workspace/random", source, 10_000_000); err != nil {
			return err
		}
		file, err := sandbox.OpenFile(ctx, "/workspace/random")
		if err != nil {
			return err
		}
		defer file.Close()
		size, err := io.Copy(io.Discard, file) // a FileReader is an io.ReadCloser: it decodes straight into the reader's buffer
		fmt.Println(size)
		return err
	})
	if err != nil {
		panic(err)
	}
	// Output: 10000000
}

func ExampleClient_DetachedWait() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	err := client.WithSandbox(ctx, "background", nil, func(sandbox *agentkernel.SandboxSession) error {
		started, err := sandbox.ExecDetached(ctx, []string{"sh", "-c", "echo working; sleep 0.1; exit 5"})
		if err != nil {
			return err
		}
		ended, err := client.DetachedWait(ctx, sandbox.Name(), started.ID) // for as long as the context allows
		if err != nil {
			return err
		}
		logs, err := client.DetachedLogs(ctx, sandbox.Name(), started.ID)
		if err != nil {
			return err
		}
		fmt.Printf("%s with exit code %d: %s", ended.Status, ended.ExitCode, logs.Stdout)
		return nil
	})
	if err != nil {
		panic(err)
	}
	// Output: failed with exit code 5: working
}

func ExampleClient_RestoreSnapshot() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	if _, err := client.CreateSandbox(ctx, "work", nil); err != nil {
		panic(err)
	}
	_, err := client.TakeSnapshot(ctx, &agentkernel.TakeSnapshotOptions{Sandbox: "work", Name: "before"})
	if err != nil {
		panic(err)
	}
	start := true
	again, err := client.RestoreSnapshot(ctx, "before", &agentkernel.RestoreSnapshotOptions{AsName: "work-2", Start: &start})
	if err != nil {
		panic(err)
	}
	fmt.Println(again.Name, again.Status)
	// Output: work-2 running
}

func ExampleClient_Request() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()

	answer, err := client.Request(ctx, "POST", "/run", map[string]any{"command": []string{"echo", "hello"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(answer.StatusCode, string(answer.Content))
	// Output: 200 {"success":true,"data":{"output":"hello\n"}}
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
