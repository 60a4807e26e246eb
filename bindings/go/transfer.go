package agentkernel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// TransferOptions are the options of Upload and Download.
type TransferOptions struct {
	Progress func(done int64) // called after each piece, with the number of bytes so far
	CallOptions
}

// String shows what is set, for fmt.
func (o TransferOptions) String() string { return describe(o, nil) }

// options returns the options of the call, and the function that reports progress.
func (o *TransferOptions) options() (*CallOptions, func(int64)) {
	switch {
	case o == nil:
		return nil, func(int64) {}
	case o.Progress == nil:
		return &o.CallOptions, func(int64) {}
	}
	return &o.CallOptions, o.Progress
}

// counted reports how much was read.
type counted struct {
	io.Reader
	done int64
	tell func(int64)
}

func (c *counted) Read(buf []byte) (int, error) {
	size, err := c.Reader.Read(buf)
	if size > 0 {
		c.done += int64(size)
		c.tell(c.done)
	}
	return size, err
}

// Upload writes a local file to a path in a sandbox.
func (c *Client) Upload(ctx context.Context, name, local, path string, opts ...*TransferOptions) error {
	file, err := os.Open(local)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return notRegular("upload", local)
	}
	options, tell := last(opts).options()
	return c.WriteFileFrom(ctx, name, path, &counted{Reader: file, tell: tell}, info.Size(), options)
}

// Download writes a file of a sandbox to a local path. An existing file is replaced when the new one is complete.
func (c *Client) Download(ctx context.Context, name, path, local string, opts ...*TransferOptions) error {
	if target, err := filepath.EvalSymlinks(local); err == nil {
		local = target // a symbolic link is kept
	}
	if info, err := os.Lstat(local); err == nil && !info.Mode().IsRegular() {
		return notRegular("download", local)
	}
	options, tell := last(opts).options()
	from, err := c.OpenFile(ctx, name, path, options)
	if err != nil {
		return err
	}
	defer from.Close()
	part := local + "." + rand.Text() + ".part"
	to, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, &counted{Reader: from, tell: tell})
	err = errors.Join(err, to.Close())
	if err == nil {
		err = os.Rename(part, local)
	}
	if err != nil {
		os.Remove(part)
	}
	return err
}

func notRegular(operation, path string) error {
	return &fs.PathError{Op: operation, Path: path, Err: fmt.Errorf("not a regular file: %w", fs.ErrInvalid)}
}
