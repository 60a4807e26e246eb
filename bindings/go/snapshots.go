package agentkernel

import (
	"context"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// SnapshotMeta describes a snapshot. Backend, BaseImage, VCPUs and MemoryMB are those of the sandbox that it was taken of.
type SnapshotMeta struct {
	Name      string `json:"name"`
	Sandbox   string `json:"sandbox"`   // what it was taken of
	ImageTag  string `json:"image_tag"` // what the backend calls it
	Backend   string `json:"backend"`
	BaseImage string `json:"base_image"`
	VCPUs     int    `json:"vcpus"`
	MemoryMB  int    `json:"memory_mb"`
	CreatedAt string `json:"created_at"` // RFC 3339
	Record
}

// TakeSnapshotOptions say what a snapshot is taken of, and what it is called. Both are needed.
type TakeSnapshotOptions struct {
	Sandbox string `json:"sandbox"`
	Name    string `json:"name"`
	CallOptions
}

// RestoreSnapshotOptions are for the sandbox that is made of a snapshot.
type RestoreSnapshotOptions struct {
	AsName string `json:"as_name"` // its name; SANDBOX-restored
	Start  *bool  `json:"start"`   // start it at once
	CallOptions
}

// TakeSnapshot keeps the state of a sandbox under a name, in place of what that name stood for.
func (c *Client) TakeSnapshot(ctx context.Context, opts *TakeSnapshotOptions) (*SnapshotMeta, error) {
	return one[SnapshotMeta](ctx, c, raw.OP_TAKE_SNAPSHOT, opts)
}

// ListSnapshots lists all snapshots, oldest first. With an error come those that were listed before it.
func (c *Client) ListSnapshots(ctx context.Context, opts ...*CallOptions) ([]SnapshotMeta, error) {
	return all[SnapshotMeta](ctx, c, raw.OP_LIST_SNAPSHOTS, last(opts))
}

// GetSnapshot describes a snapshot.
func (c *Client) GetSnapshot(ctx context.Context, name string, opts ...*CallOptions) (*SnapshotMeta, error) {
	return one[SnapshotMeta](ctx, c, raw.OP_GET_SNAPSHOT, last(opts), arg{raw.KEY_NAME, name})
}

// DeleteSnapshot removes a snapshot.
func (c *Client) DeleteSnapshot(ctx context.Context, name string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_DELETE_SNAPSHOT, last(opts), arg{raw.KEY_NAME, name})
}

// RestoreSnapshot makes a sandbox of a snapshot. It is stopped unless the options say Start; where the server passes over
// that, as full servers do, it is started by a request of its own. When that fails, the sandbox comes with the error.
func (c *Client) RestoreSnapshot(ctx context.Context, name string, opts ...*RestoreSnapshotOptions) (*SandboxInfo, error) {
	options := last(opts)
	info, err := one[SandboxInfo](ctx, c, raw.OP_RESTORE_SNAPSHOT, options, arg{raw.KEY_NAME, name})
	if err != nil || info.Status != "stopped" || options == nil || options.Start == nil || !*options.Start {
		return info, err
	}
	if err := c.StartSandbox(ctx, info.Name, &options.CallOptions); err != nil {
		return info, err
	}
	return c.GetSandbox(ctx, info.Name, &options.CallOptions)
}
