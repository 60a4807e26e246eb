package agentkernel

import (
	"context"
	"time"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// DetachedOptions are for commands that nobody waits for.
type DetachedOptions struct {
	Env     []string `json:"env"` // "NAME=VALUE"
	Workdir string   `json:"workdir"`
	Sudo    *bool    `json:"sudo"`
	CallOptions
}

// DetachedLogsOptions say which of the outputs is meant: "stdout", which is the default, or "stderr".
type DetachedLogsOptions struct {
	Stream string `json:"stream"`
	CallOptions
}

// DetachedCommand is a command that nobody waits for.
type DetachedCommand struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"` // running, completed, failed, ... an open set
	Sandbox   string   `json:"sandbox"`
	Command   []string `json:"command"`
	PID       int      `json:"pid"`
	ExitCode  int      `json:"exit_code"`  // once it has ended. Full servers of version 0.21 say 127 always
	StartedAt string   `json:"started_at"` // RFC 3339
	Record
}

// DetachedLogs is what such a command wrote so far: the output that was asked for.
type DetachedLogs struct {
	Stdout []byte `json:"stdout"`
	Stderr []byte `json:"stderr"`
	Record
}

// ExecDetached starts a command in a sandbox and does not wait for it.
func (c *Client) ExecDetached(ctx context.Context, name string, command []string, opts ...*DetachedOptions) (*DetachedCommand, error) {
	return one[DetachedCommand](ctx, c, raw.OP_EXEC_DETACHED, last(opts), arg{raw.KEY_NAME, name}, arg{raw.KEY_COMMAND, command})
}

// DetachedStatus describes such a command.
func (c *Client) DetachedStatus(ctx context.Context, name, id string, opts ...*CallOptions) (*DetachedCommand, error) {
	return one[DetachedCommand](ctx, c, raw.OP_DETACHED_STATUS, last(opts), arg{raw.KEY_NAME, name}, arg{raw.KEY_ID, id})
}

// How long DetachedWait lets pass between its looks: at first, and at most.
const (
	firstLook = 10 * time.Millisecond
	lastLook  = time.Second
)

// DetachedWait waits until such a command has ended, for as long as the context allows. It looks ever more seldom, at
// least once in a second.
func (c *Client) DetachedWait(ctx context.Context, name, id string, opts ...*CallOptions) (*DetachedCommand, error) {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		command, err := c.DetachedStatus(ctx, name, id, opts...) // also what fails when the context has ended
		if err != nil || command.Status != "running" {
			return command, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// DetachedLogs gives what such a command wrote so far.
func (c *Client) DetachedLogs(ctx context.Context, name, id string, opts ...*DetachedLogsOptions) (*DetachedLogs, error) {
	return one[DetachedLogs](ctx, c, raw.OP_DETACHED_LOGS, last(opts), arg{raw.KEY_NAME, name}, arg{raw.KEY_ID, id})
}

// DetachedKill ends such a command.
func (c *Client) DetachedKill(ctx context.Context, name, id string, opts ...*CallOptions) error {
	return none(ctx, c, raw.OP_DETACHED_KILL, last(opts), arg{raw.KEY_NAME, name}, arg{raw.KEY_ID, id})
}

// DetachedList lists all such commands of a sandbox. With an error come those that were listed before it.
func (c *Client) DetachedList(ctx context.Context, name string, opts ...*CallOptions) ([]DetachedCommand, error) {
	return all[DetachedCommand](ctx, c, raw.OP_DETACHED_LIST, last(opts), arg{raw.KEY_NAME, name})
}
