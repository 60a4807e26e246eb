package agentkernel

import (
	"context"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// Operations are methods of [Client], generated from the schema of the ABI (generated_operations.go); here are
// those that are more in Go than a call and its record, and the types that are not in the schema.

// SecurityProfile restricts what a sandbox may do.
type SecurityProfile string

const (
	ProfilePermissive  SecurityProfile = "permissive"
	ProfileModerate    SecurityProfile = "moderate"
	ProfileRestrictive SecurityProfile = "restrictive"
)

// Lifecycle is what a server does automatically to an idle sandbox. A zero value is not sent.
type Lifecycle struct {
	AutoStopAfterSeconds    uint64 `json:"auto_stop_after_seconds,omitempty"`
	AutoArchiveAfterSeconds uint64 `json:"auto_archive_after_seconds,omitempty"`
	AutoDeleteAfterSeconds  uint64 `json:"auto_delete_after_seconds,omitempty"`
}

// Network is a backend's own bridge for a sandbox.
type Network struct {
	Name     string   `json:"name"`
	Subnet   string   `json:"subnet,omitempty"`
	Gateway  string   `json:"gateway,omitempty"`
	DNS      []string `json:"dns,omitempty"`
	StaticIP string   `json:"static_ip,omitempty"`
}

// Health returns the server's state, which is "ok".
func (c *Client) Health(ctx context.Context, opts ...*CallOptions) (string, error) {
	info, err := c.HealthInfo(ctx, opts...)
	if err != nil {
		return "", err
	}
	return info.Status, nil
}

// BatchCommand is one of several commands.
type BatchCommand struct {
	Command []string `json:"command"`
}

// BatchRunResponse has the results in the order of the commands.
type BatchRunResponse struct {
	Results []BatchResult
}

// String shows what is set, for fmt.
func (r BatchRunResponse) String() string { return describe(r, nil) }

// BatchRun runs several commands in parallel, each in a fresh sandbox. A command that fails is not an error: its result
// has it.
func (c *Client) BatchRun(ctx context.Context, commands []BatchCommand, opts ...*CallOptions) (*BatchRunResponse, error) {
	results, err := all[BatchResult](ctx, c, raw.OP_BATCH_RUN, func(to *binder) {
		for _, one := range commands {
			to.lists(raw.KEY_COMMANDS, [][]string{one.Command})
		}
		last(opts).bind(to)
	})
	if err != nil {
		return nil, err
	}
	return &BatchRunResponse{results}, nil
}

// RestoreSnapshot creates a sandbox from a snapshot. It is stopped unless the options set Start. A server that ignores
// Start, as full servers do, gets a second request, which starts it; when that fails, the sandbox is returned with the
// error.
func (c *Client) RestoreSnapshot(ctx context.Context, name string, opts ...*RestoreSnapshotOptions) (*SandboxInfo, error) {
	options := last(opts)
	info, err := one[SandboxInfo](ctx, c, raw.OP_RESTORE_SNAPSHOT, func(to *binder) {
		to.text(raw.KEY_NAME, name)
		options.bind(to)
	})
	if err != nil || info.Status != "stopped" || options == nil || options.Start == nil || !*options.Start {
		return info, err
	}
	if err := c.StartSandbox(ctx, info.Name, &options.CallOptions); err != nil {
		return info, err
	}
	return c.GetSandbox(ctx, info.Name, &options.CallOptions)
}

// last returns the optional options, or nil.
func last[T any](opts []*T) *T {
	if len(opts) == 0 {
		return nil
	}
	return opts[len(opts)-1]
}
