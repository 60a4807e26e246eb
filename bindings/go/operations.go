package agentkernel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// An operation is a method and the types of what it takes and gives: here for commands and sandboxes, in files.go,
// detached.go, snapshots.go and server.go for the rest. The members are found by their tags: the names that they have on
// the wire.

// SecurityProfile says what a sandbox may do.
type SecurityProfile string

const (
	ProfilePermissive  SecurityProfile = "permissive"
	ProfileModerate    SecurityProfile = "moderate"
	ProfileRestrictive SecurityProfile = "restrictive"
)

// CallOptions are what every operation takes: its own timeouts, in place of the client's. Timeout is for calls that
// are no streams, IdleTimeout and TotalTimeout are for streams.
type CallOptions struct {
	Timeout        time.Duration `json:"timeout_ms"`
	ConnectTimeout time.Duration `json:"connect_timeout_ms"`
	IdleTimeout    time.Duration `json:"idle_timeout_ms"`
	TotalTimeout   time.Duration `json:"total_timeout_ms"`
}

// RunOptions are for commands in a sandbox of their own.
type RunOptions struct {
	Image   string          `json:"image"`
	Profile SecurityProfile `json:"profile"`
	Fast    *bool           `json:"fast"`  // use the server's pool of warm sandboxes; false, because a full server's pool loses exit codes
	Check   *bool           `json:"check"` // true: a failing command is an error (ErrCommand); false: it is a RunOutput. Not for streams
	CallOptions
}

// ExecOptions are for commands in a sandbox that is there.
type ExecOptions struct {
	Env     []string `json:"env"` // "NAME=VALUE"
	Workdir string   `json:"workdir"`
	Sudo    *bool    `json:"sudo"`
	Check   *bool    `json:"check"` // as in RunOptions
	CallOptions
}

// CreateSandboxOptions are for new sandboxes.
type CreateSandboxOptions struct {
	Image       string          `json:"image"`
	VCPUs       int             `json:"vcpus"`
	MemoryMB    int             `json:"memory_mb"`
	Profile     SecurityProfile `json:"profile"`
	Backend     string          `json:"backend"`
	SourceURL   string          `json:"source_url"` // a git repository to clone into /workspace
	SourceRef   string          `json:"source_ref"` // branch, tag or commit of it
	Volumes     []string        `json:"volumes"`    // "slug:/path" or "slug:/path:ro"
	Secrets     []string        `json:"secrets"`    // "KEY=value:host", "KEY:host" or "KEY:host:Header"
	SecretFiles []string        `json:"secret_files"`

	Labels      map[string]string `json:"labels"` // the user's own names and values
	Description string            `json:"description"`
	Lifecycle   any               `json:"lifecycle"`   // a Lifecycle, or what else makes such JSON
	Ports       []string          `json:"ports"`       // "8080:80", "3000", "53:53/udp"
	Network     any               `json:"network"`     // a Network, or what else makes such JSON
	Agent       string            `json:"agent"`       // the agent to prepare the sandbox for
	InitScript  string            `json:"init_script"` // a shell script to run once it is made

	PlaceholderSecrets  bool              `json:"placeholder_secrets"` // it sees placeholders, which a proxy replaces
	SecretMappings      map[string]string `json:"secret_mappings"`     // environment variable to host
	CreatedFromTemplate string            `json:"created_from_template"`
	TemplateHelpText    string            `json:"template_help_text"`
	CallOptions
}

// Lifecycle is what a server does by itself to a sandbox that nobody uses. Zero says nothing.
type Lifecycle struct {
	AutoStopAfterSeconds    uint64 `json:"auto_stop_after_seconds,omitempty"`
	AutoArchiveAfterSeconds uint64 `json:"auto_archive_after_seconds,omitempty"`
	AutoDeleteAfterSeconds  uint64 `json:"auto_delete_after_seconds,omitempty"`
}

// Network is a bridge of a backend's own for a sandbox.
type Network struct {
	Name     string   `json:"name"`
	Subnet   string   `json:"subnet,omitempty"`
	Gateway  string   `json:"gateway,omitempty"`
	DNS      []string `json:"dns,omitempty"`
	StaticIP string   `json:"static_ip,omitempty"`
}

// ListSandboxesOptions are for lists of sandboxes.
type ListSandboxesOptions struct {
	Labels map[string]string `json:"labels"` // only sandboxes that have all of these
	CallOptions
}

// ResizeSandboxOptions are what a sandbox gets other amounts of.
type ResizeSandboxOptions struct {
	VCPUs    int `json:"vcpus"`
	MemoryMB int `json:"memory_mb"`
	CallOptions
}

// UpdateSandboxOptions are what a sandbox gets instead of what it has.
type UpdateSandboxOptions struct {
	Labels      map[string]string `json:"labels"` // in place of all that there are; an empty map takes them away
	Description *string           `json:"description"`
	Lifecycle   any               `json:"lifecycle"` // a Lifecycle, or what else makes such JSON
	CallOptions
}

// BatchCommand is one of several commands.
type BatchCommand struct {
	Command []string `json:"command"`
}

// BatchResult is what one of several commands came to: its output, or why there is none.
type BatchResult struct {
	Output *string `json:"output"`
	Error  *string `json:"error"`
	Record
}

// BatchRunResponse has the results in the order of the commands.
type BatchRunResponse struct {
	Results []BatchResult
}

// LogEntry is something that happened to a sandbox. Which members it has depends on its type; Raw has all.
type LogEntry struct {
	Type      string            `json:"type"`      // sandbox_created, command_executed, file_written, ... an open set
	Timestamp string            `json:"timestamp"` // RFC 3339
	PID       int               `json:"pid"`       // of the server
	User      string            `json:"user"`
	Name      string            `json:"name"`    // of the sandbox, where it is made, started, stopped or removed
	Sandbox   string            `json:"sandbox"` // of the sandbox, where something is done in it
	Image     string            `json:"image"`
	Backend   string            `json:"backend"`
	Labels    map[string]string `json:"labels"`
	Profile   string            `json:"profile"`
	Command   []string          `json:"command"`
	ExitCode  int               `json:"exit_code"`
	Path      string            `json:"path"`
	Error     string            `json:"error"`
	Record
}

// ExtendTtlResponse says until when a sandbox lives.
type ExtendTtlResponse struct {
	ExpiresAt string `json:"expires_at"` // RFC 3339
	Record
}

// RunOutput is what a command wrote, stdout and stderr in order, byte for byte.
type RunOutput struct {
	Output     string `json:"output"`
	ExitCode   int    `json:"exit_code"`
	Truncated  bool   `json:"truncated"`   // the output was longer than the server keeps
	TotalBytes int64  `json:"total_bytes"` // how long it was, if it was truncated
	Record
}

// Event is one event of a stream. Which members it has depends on its type.
type Event struct {
	Type      string   `json:"type"`      // started, progress, output, done, error, or one unknown here
	Data      []byte   `json:"data"`      // output: the bytes written
	Stream    string   `json:"stream"`    // output: "stdout"
	ExitCode  int      `json:"exit_code"` // done
	Success   bool     `json:"success"`   // done
	Output    []byte   `json:"output"`    // done: all output, where the server repeats it
	Message   string   `json:"message"`   // error: what went wrong
	Command   []string `json:"command"`   // started
	Fast      bool     `json:"fast"`      // started
	Timestamp string   `json:"timestamp"` // started: RFC 3339
	Stage     string   `json:"stage"`     // progress
	Sandbox   string   `json:"sandbox"`   // progress: name of the sandbox
	OOM       bool     `json:"oom"`       // done: the command was killed for passing its memory limit
	Parsed    bool     `json:"parsed"`    // whether its data was a JSON object; if not, only Raw, Type and ID tell
	ID        string   `json:"id"`        // the stream's last event id
	Record
}

// SandboxInfo describes a sandbox. Which members it has depends on the server and its backend.
type SandboxInfo struct {
	Name                string            `json:"name"`
	Status              string            `json:"status"` // running, stopped, paused, ... an open set
	UUID                string            `json:"uuid"`
	Backend             string            `json:"backend"`
	IP                  string            `json:"ip"`
	Image               string            `json:"image"`
	VCPUs               int               `json:"vcpus"`
	MemoryMB            int               `json:"memory_mb"`
	CreatedAt           string            `json:"created_at"` // RFC 3339
	CreatedFromTemplate string            `json:"created_from_template"`
	TemplateHelpText    string            `json:"template_help_text"`
	Ports               []string          `json:"ports"`     // "8080:80", "3000", "53:53/udp"
	Endpoints           json.RawMessage   `json:"endpoints"` // list of {container_port, protocol, url}
	SecretFiles         []string          `json:"secret_files"`
	PlaceholderSecrets  bool              `json:"placeholder_secrets"`
	ProxyPort           int               `json:"proxy_port"`
	SecretMappings      map[string]string `json:"secret_mappings"` // environment variable to host
	Labels              map[string]string `json:"labels"`
	Description         string            `json:"description"`
	LastActivityAt      string            `json:"last_activity_at"` // RFC 3339
	WorkspaceRevision   string            `json:"workspace_revision"`
	ArchivedAt          string            `json:"archived_at"` // RFC 3339
	ArchivedReason      string            `json:"archived_reason"`
	Lifecycle           json.RawMessage   `json:"lifecycle"` // {auto_stop_after_seconds, ...}
	Record
}

// Run runs a command in a sandbox of its own. A command that fails is an error: see RunOptions.Check.
func (c *Client) Run(ctx context.Context, command []string, opts *RunOptions) (*RunOutput, error) {
	return one[RunOutput](ctx, c, raw.OP_RUN, opts, arg{raw.KEY_COMMAND, command})
}

// RunStream runs a command in a sandbox of its own and hands out its events as they happen. The context holds for the
// whole stream. Close the stream, or range over its events, which closes it.
func (c *Client) RunStream(ctx context.Context, command []string, opts *RunOptions) (*Stream, error) {
	return newStream(ctx, c, raw.OP_RUN_STREAM, opts, arg{raw.KEY_COMMAND, command})
}

// BatchRun runs commands side by side, each in a sandbox of its own. One that fails is no error: its result says so.
func (c *Client) BatchRun(ctx context.Context, commands []BatchCommand, opts ...*CallOptions) (*BatchRunResponse, error) {
	results, err := all[BatchResult](ctx, c, raw.OP_BATCH_RUN, last(opts), arg{raw.KEY_COMMANDS, commands})
	if err != nil {
		return nil, err
	}
	return &BatchRunResponse{results}, nil
}

// ListSandboxes lists all sandboxes, or those with some labels. With an error come those that were listed before it.
func (c *Client) ListSandboxes(ctx context.Context, opts ...*ListSandboxesOptions) ([]SandboxInfo, error) {
	return all[SandboxInfo](ctx, c, raw.OP_LIST_SANDBOXES, last(opts))
}

// CreateSandbox makes a sandbox that stays until it is removed. WithSandbox removes it by itself.
func (c *Client) CreateSandbox(ctx context.Context, name string, opts *CreateSandboxOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_CREATE_SANDBOX, opts, arg{raw.KEY_NAME, name})
}

// GetSandbox describes a sandbox.
func (c *Client) GetSandbox(ctx context.Context, name string, opts ...*CallOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_GET_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// GetSandboxByUUID describes the sandbox of a uuid.
func (c *Client) GetSandboxByUUID(ctx context.Context, uuid string, opts ...*CallOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_GET_SANDBOX_BY_UUID, last(opts), arg{raw.KEY_UUID, uuid})
}

// StartSandbox starts a stopped sandbox.
func (c *Client) StartSandbox(ctx context.Context, name string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_START_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// StopSandbox ends every process of a sandbox, which stays. Full servers answer well for one that is not there, too.
func (c *Client) StopSandbox(ctx context.Context, name string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_STOP_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// PauseSandbox freezes a sandbox with its memory. Few backends can; others answer ErrUnprocessable.
func (c *Client) PauseSandbox(ctx context.Context, name string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_PAUSE_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// ResumeSandbox goes on with a paused sandbox.
func (c *Client) ResumeSandbox(ctx context.Context, name string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_RESUME_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// ForkSandbox makes a second sandbox of a paused one, memory and all.
func (c *Client) ForkSandbox(ctx context.Context, name, asName string, opts ...*CallOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_FORK_SANDBOX, last(opts), arg{raw.KEY_NAME, name}, arg{raw.KEY_AS_NAME, asName})
}

// ResizeSandbox gives a sandbox other processors or memory. Some backends stop it and lose its state.
func (c *Client) ResizeSandbox(ctx context.Context, name string, opts *ResizeSandboxOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_RESIZE_SANDBOX, opts, arg{raw.KEY_NAME, name})
}

// RecoverSandbox brings an archived sandbox back.
func (c *Client) RecoverSandbox(ctx context.Context, name string, opts ...*CallOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_RECOVER_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// UpdateSandbox changes a sandbox's labels, description or lifecycle.
func (c *Client) UpdateSandbox(ctx context.Context, name string, opts *UpdateSandboxOptions) (*SandboxInfo, error) {
	return one[SandboxInfo](ctx, c, raw.OP_UPDATE_SANDBOX, opts, arg{raw.KEY_NAME, name})
}

// ExtendTTL lets a sandbox live for longer: by seconds ("90"), or such as "15m" or "1h30m"; "" is an hour.
func (c *Client) ExtendTTL(ctx context.Context, name, by string, opts ...*CallOptions) (*ExtendTtlResponse, error) {
	args := []arg{{raw.KEY_NAME, name}}
	if by != "" {
		args = append(args, arg{raw.KEY_BY, by})
	}
	return one[ExtendTtlResponse](ctx, c, raw.OP_EXTEND_TTL, last(opts), args...)
}

// GetSandboxLogs lists what happened to a sandbox, oldest first.
func (c *Client) GetSandboxLogs(ctx context.Context, name string, opts ...*CallOptions) ([]LogEntry, error) {
	return all[LogEntry](ctx, c, raw.OP_GET_SANDBOX_LOGS, last(opts), arg{raw.KEY_NAME, name})
}

// RemoveSandbox removes a sandbox with all that is in it.
func (c *Client) RemoveSandbox(ctx context.Context, name string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_REMOVE_SANDBOX, last(opts), arg{raw.KEY_NAME, name})
}

// ExecInSandbox runs a command in a sandbox that is there.
func (c *Client) ExecInSandbox(ctx context.Context, name string, command []string, opts ...*ExecOptions) (*RunOutput, error) {
	return one[RunOutput](ctx, c, raw.OP_EXEC_IN_SANDBOX, last(opts), arg{raw.KEY_NAME, name}, arg{raw.KEY_COMMAND, command})
}

// last makes optional options of the variable arguments.
func last[T any](opts []*T) *T {
	if len(opts) == 0 {
		return nil
	}
	return opts[len(opts)-1]
}
