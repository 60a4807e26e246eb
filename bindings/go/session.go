package agentkernel

import (
	"context"
	"errors"
	"io"
	"time"
)

// SandboxSession is a sandbox within [Client.WithSandbox].
type SandboxSession struct {
	client *Client
	name   string
}

// String returns the sandbox's name for fmt.
func (s *SandboxSession) String() string { return "agentkernel.SandboxSession(" + s.name + ")" }

// Name is the sandbox's name.
func (s *SandboxSession) Name() string { return s.name }

// Run runs a command in the sandbox.
func (s *SandboxSession) Run(ctx context.Context, command []string, opts ...*ExecOptions) (*RunOutput, error) {
	return s.client.ExecInSandbox(ctx, s.name, command, opts...)
}

// Info returns the current description of the sandbox.
func (s *SandboxSession) Info(ctx context.Context) (*SandboxInfo, error) {
	return s.client.GetSandbox(ctx, s.name)
}

// ReadFile reads a file of the sandbox.
func (s *SandboxSession) ReadFile(ctx context.Context, path string, opts ...*CallOptions) ([]byte, error) {
	return s.client.ReadFile(ctx, s.name, path, opts...)
}

// OpenFile opens a file of the sandbox for reading: see [Client.OpenFile].
func (s *SandboxSession) OpenFile(ctx context.Context, path string, opts ...*CallOptions) (*FileReader, error) {
	return s.client.OpenFile(ctx, s.name, path, opts...)
}

// WriteFile writes a file of the sandbox.
func (s *SandboxSession) WriteFile(ctx context.Context, path string, content []byte, opts ...*CallOptions) error {
	return s.client.WriteFile(ctx, s.name, path, content, opts...)
}

// WriteFileFrom writes a file of the sandbox from a reader: see [Client.WriteFileFrom].
func (s *SandboxSession) WriteFileFrom(ctx context.Context, path string, from io.Reader, size int64, opts ...*CallOptions) error {
	return s.client.WriteFileFrom(ctx, s.name, path, from, size, opts...)
}

// WriteFiles writes several files of text, by their absolute paths.
func (s *SandboxSession) WriteFiles(ctx context.Context, files map[string]string, opts ...*CallOptions) (*BatchFileWriteResponse, error) {
	return s.client.WriteFiles(ctx, s.name, files, opts...)
}

// DeleteFile removes a file of the sandbox.
func (s *SandboxSession) DeleteFile(ctx context.Context, path string, opts ...*CallOptions) error {
	return s.client.DeleteFile(ctx, s.name, path, opts...)
}

// Upload writes a local file to a path in the sandbox.
func (s *SandboxSession) Upload(ctx context.Context, local, path string, opts ...*TransferOptions) error {
	return s.client.Upload(ctx, s.name, local, path, opts...)
}

// Download writes a file of the sandbox to a local path: see [Client.Download].
func (s *SandboxSession) Download(ctx context.Context, path, local string, opts ...*TransferOptions) error {
	return s.client.Download(ctx, s.name, path, local, opts...)
}

// ExecDetached starts a command in the sandbox and does not wait for it.
func (s *SandboxSession) ExecDetached(ctx context.Context, command []string, opts ...*DetachedOptions) (*DetachedCommand, error) {
	return s.client.ExecDetached(ctx, s.name, command, opts...)
}

// removalTimeout bounds the removal of a sandbox, in place of the caller's context, which may have ended.
const removalTimeout = 30 * time.Second

// WithSandbox creates a sandbox, passes it to a function, and removes it however that ends: by its return, its error, its
// panic, or the end of the context. When it is not known whether the sandbox was created (the context ended, the
// connection broke), it is looked up by its name, for a second, and removed if it exists.
func (c *Client) WithSandbox(ctx context.Context, name string, opts *CreateSandboxOptions, use func(*SandboxSession) error) (err error) {
	if _, err = c.CreateSandbox(ctx, name, opts); err != nil {
		var failed *Error
		if errors.As(err, &failed) && failed.Sent == SentSome {
			err = errors.Join(err, c.removeLost(ctx, name))
		}
		return err
	}
	defer func() {
		bound, stop := context.WithTimeout(context.WithoutCancel(ctx), removalTimeout)
		defer stop()
		if failed := c.RemoveSandbox(bound, name); failed != nil && !errors.Is(failed, ErrNotFound) {
			err = errors.Join(err, failed)
		}
	}()
	return use(&SandboxSession{c, name})
}

// removeLost removes a sandbox whose creation got no reply. The server may still create it, so it is looked up several
// times.
func (c *Client) removeLost(ctx context.Context, name string) error {
	bound, stop := context.WithTimeout(context.WithoutCancel(ctx), removalTimeout)
	defer stop()
	for range 10 {
		_, err := c.GetSandbox(bound, name)
		if err == nil {
			err = c.RemoveSandbox(bound, name)
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}
