package agentkernel

import (
	"context"
	"time"
)

// The first and the longest pause of DetachedWait between requests.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

// DetachedWait waits until a detached command has ended, for as long as the context allows. It polls the server with
// pauses that double, up to a second.
func (c *Client) DetachedWait(ctx context.Context, name, id string, opts ...*CallOptions) (*DetachedCommand, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		command, err := c.DetachedStatus(ctx, name, id, opts...) // which also fails once the context has ended
		if err != nil || command.Status != "running" {
			return command, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
