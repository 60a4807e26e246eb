// Package local has agentkernel-local in the program: a packed module embeds it with the bubblewrap that it may need, and
// here it becomes a file that can be run.
package local

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// program is an embedded file. The first is agentkernel-local; the others are found beside it.
type program struct{ name, content string }

var programs []program // none in the source tree

const canExecute = 1 // X_OK

// Prepare returns the absolute path of the embedded agentkernel-local, or "" if there is none. The first use writes it into
// the user's cache folder; what is there already is used if it is the same, byte for byte. The error names all that was
// tried.
func Prepare() (string, error) {
	if len(programs) == 0 {
		return "", nil
	}
	return prepared()
}

var prepared = sync.OnceValues(func() (path string, failed error) {
	for _, base := range bases() {
		folder, err := install(base, programs)
		if err == nil {
			return filepath.Abs(filepath.Join(folder, programs[0].name))
		}
		if failed != nil {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	return "", failed
})

// bases are the folders to try. The server of root runs bubblewrap as another user, who cannot enter root's home: unless
// root says where.
func bases() (list []string) {
	user := strconv.Itoa(os.Geteuid())
	if user == "0" && os.Getenv("XDG_CACHE_HOME") == "" {
		list = append(list, "/var/cache/agentkernel")
	}
	if cache, err := os.UserCacheDir(); err == nil {
		list = append(list, filepath.Join(cache, "agentkernel"))
	}
	return append(list, filepath.Join(os.TempDir(), "agentkernel-"+user))
}

// install writes the files into a folder named after their content, which it returns.
func install(base string, files []program) (string, error) {
	hash := sha256.New()
	for _, file := range files {
		fmt.Fprintf(hash, "%s %d\n%s", file.name, len(file.content), file.content)
	}
	folder := filepath.Join(base, fmt.Sprintf("local-%.16x", hash.Sum(nil)))
	if err := os.MkdirAll(filepath.Dir(base), 0o700); err != nil {
		return "", err
	}
	for _, private := range []string{base, folder} {
		if err := makePrivate(private); err != nil {
			return "", err
		}
	}
	for _, file := range files {
		path := filepath.Join(folder, file.name)
		if isThere(path, file.content) {
			continue
		}
		if err := write(path, file.content); err != nil {
			return "", err
		}
	}
	// Even root may execute nothing where the file system is mounted so.
	if err := syscall.Access(filepath.Join(folder, files[0].name), canExecute); err != nil {
		return "", &fs.PathError{Op: "execute in", Path: folder, Err: err}
	}
	return folder, nil
}

// mode is for the user alone; but other users run what root has installed.
func mode() fs.FileMode {
	if os.Geteuid() == 0 {
		return 0o755
	}
	return 0o700
}

// makePrivate makes a folder that only this user can write to, or checks that it is one.
func makePrivate(path string) error {
	err := os.Mkdir(path, mode())
	if err == nil {
		err = os.Chmod(path, mode()) // whatever umask says
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() || !isMine(info) {
		return &fs.PathError{Op: "use", Path: path, Err: errors.New("not a folder that only this user can write to")}
	}
	return nil
}

func isMine(info fs.FileInfo) bool {
	status, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(status.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}

// isThere reports whether the file is there, complete and unchanged. Nobody else can change it afterwards, as the folder
// is private.
func isThere(path, content string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || !isMine(info) || info.Mode().Perm() != mode() || info.Size() != int64(len(content)) {
		return false
	}
	text, err := os.ReadFile(path)
	return err == nil && string(text) == content
}

// write replaces the file in one step: another process may be doing the same, or running the file.
func write(path, content string) error {
	part, err := writePart(path, content)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil && part != "" {
		os.Remove(part)
	}
	return err
}

// writePart writes a temporary file. Nothing is forked meanwhile: a child that has it open for writing keeps it from
// being executed.
func writePart(path, content string) (string, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	file, err := os.CreateTemp(filepath.Dir(path), ".part-")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(content)
	return file.Name(), errors.Join(err, file.Chmod(mode()), file.Close())
}
