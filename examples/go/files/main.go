// Files copies a file into a sandbox and out again, and shows its progress: go run ./files FILE COPY
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/thrashr888/agentkernel/bindings/go"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: files FILE COPY")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bothWays(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bothWays(ctx context.Context, from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	client := agentkernel.New(nil)
	defer client.Close()
	return client.WithSandbox(ctx, "files-go", nil, func(sandbox *agentkernel.SandboxSession) error {
		if err := sandbox.Upload(ctx, from, "/workspace/copy", shown("in ", info.Size())); err != nil {
			return err
		}
		return sandbox.Download(ctx, "/workspace/copy", to, shown("out", info.Size()))
	})
}

// shown prints the progress in steps of a tenth.
func shown(direction string, size int64) *agentkernel.TransferOptions {
	tenth := int64(0)
	return &agentkernel.TransferOptions{
		CallOptions: agentkernel.CallOptions{Timeout: agentkernel.NoTimeout}, // the context ends it
		Progress: func(done int64) {
			for tenth < 10 && done*10 >= size*(tenth+1) {
				tenth++
				fmt.Printf("%s %3d %%\n", direction, tenth*10)
			}
		},
	}
}
