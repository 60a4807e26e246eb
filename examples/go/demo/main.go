// Demo is a short tour: a stream, a sandbox that keeps its files, a command that fails.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/thrashr888/agentkernel/bindings/go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client := agentkernel.New(nil)
	defer client.Close()
	if err := tour(ctx, client); err != nil {
		log.Fatal(err)
	}
}

func tour(ctx context.Context, client *agentkernel.Client) error {
	fmt.Println("-- Go, run_stream: output as the command writes it")
	line := `for i in 1 2 3; do echo "line $i, uid $(id -u)"; sleep 0.3; done`
	stream, err := client.RunStream(ctx, []string{"sh", "-c", line}, nil)
	if err != nil {
		return err
	}
	for event, err := range stream.Events() {
		if err != nil {
			return err
		}
		os.Stdout.Write(event.Data)
		if event.Type == "done" {
			fmt.Printf("(exit code %d)\n", event.ExitCode)
		}
	}

	fmt.Println("-- Go, a sandbox, removed however this ends")
	return client.WithSandbox(ctx, "demo-go", nil, func(sandbox *agentkernel.SandboxSession) error {
		for _, line := range []string{"echo 'kept between commands' > note.txt; pwd", "cat note.txt", "echo 'no luck'; exit 3"} {
			fmt.Println("-- exec:", line)
			output, err := sandbox.Run(ctx, []string{"sh", "-c", line})
			var failed *agentkernel.Error
			switch {
			case err == nil:
				fmt.Print(output.Output)
			case errors.As(err, &failed) && failed.Code == agentkernel.ErrCommand:
				fmt.Printf("%s(%v, exit code %d)\n", failed.Output, failed.Code, failed.ExitCode)
			default:
				return err
			}
		}
		return nil
	})
}
