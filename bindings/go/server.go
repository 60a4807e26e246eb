package agentkernel

import (
	"context"
	"encoding/json"

	"github.com/thrashr888/agentkernel/bindings/go/internal/raw"
)

// HealthInfo is what a server says of itself.
type HealthInfo struct {
	Status string `json:"status"`
	Record
}

// BackendDiscovery is what a server can isolate sandboxes with.
type BackendDiscovery struct {
	DefaultBackend string          `json:"default_backend"` // what a sandbox gets that asks for none
	Backends       json.RawMessage `json:"backends"`        // list of {backend, configured, usable, readiness_reason, capabilities}
	Record
}

// ServerStatus is the server itself.
type ServerStatus struct {
	Version          string `json:"version"`
	Backend          string `json:"backend"`
	APIKeyConfigured bool   `json:"api_key_configured"` // it wants a key
	Record
}

// ServerStats is how much of a server is in use.
type ServerStats struct {
	SandboxCount  int             `json:"sandbox_count"`
	SandboxLimit  int             `json:"sandbox_limit"` // 0: none
	Backend       string          `json:"backend"`
	UptimeSeconds int64           `json:"uptime_seconds"`
	Version       string          `json:"version"`
	ResourceUsage json.RawMessage `json:"resource_usage"` // {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}
	Record
}

// RequestOptions are for requests that no operation describes.
type RequestOptions struct {
	Check *bool `json:"check"` // true: a status that is no success is an error; false: it is a Response
	CallOptions
}

// Response is the answer to a request, as it came.
type Response struct {
	StatusCode  int    `json:"http_status"`
	ContentType string `json:"content_type"`
	Content     []byte `json:"content"`
	Record
}

// Health asks the server whether it is well: "ok".
func (c *Client) Health(ctx context.Context, opts ...*CallOptions) (string, error) {
	info, err := c.HealthInfo(ctx, opts...)
	if err != nil {
		return "", err
	}
	return info.Status, nil
}

// HealthInfo is Health with all that the server answered.
func (c *Client) HealthInfo(ctx context.Context, opts ...*CallOptions) (*HealthInfo, error) {
	return one[HealthInfo](ctx, c, raw.OP_HEALTH, last(opts))
}

// GetBackends asks what the server can isolate sandboxes with.
func (c *Client) GetBackends(ctx context.Context, opts ...*CallOptions) (*BackendDiscovery, error) {
	return one[BackendDiscovery](ctx, c, raw.OP_GET_BACKENDS, last(opts))
}

// GetStatus describes the server.
func (c *Client) GetStatus(ctx context.Context, opts ...*CallOptions) (*ServerStatus, error) {
	return one[ServerStatus](ctx, c, raw.OP_GET_STATUS, last(opts))
}

// GetStats asks how much of the server is in use.
func (c *Client) GetStats(ctx context.Context, opts ...*CallOptions) (*ServerStats, error) {
	return one[ServerStats](ctx, c, raw.OP_GET_STATS, last(opts))
}

// Request makes any request, for routes that have no method here. The path may have a query, and is sent as it is. The
// body is sent as JSON, a [json.RawMessage] unchanged; nil is none.
func (c *Client) Request(ctx context.Context, method, path string, body any, opts ...*RequestOptions) (*Response, error) {
	return one[Response](ctx, c, raw.OP_REQUEST, last(opts), arg{raw.KEY_METHOD, method}, arg{raw.KEY_PATH, path},
		arg{raw.KEY_BODY, asJSON{body}})
}
