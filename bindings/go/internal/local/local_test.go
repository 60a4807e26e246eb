package local

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var files = []program{{"agentkernel-local", "#!/bin/sh\necho server\n"}, {"bwrap", "#!/bin/sh\necho bwrap\n"}}

func mustInstall(t *testing.T, base string) string {
	t.Helper()
	folder, err := install(base, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		said, err := exec.Command(filepath.Join(folder, file.name)).Output()
		if err != nil || !strings.HasSuffix(file.content, "echo "+string(said)) {
			t.Errorf("%s says %q, %v", file.name, said, err)
		}
	}
	return folder
}

func inode(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// It is written once, for this user alone; what is not the same is replaced, whatever it is.
func TestInstall(t *testing.T) {
	base := filepath.Join(t.TempDir(), "cache", "agentkernel")
	folder := mustInstall(t, base)
	path := filepath.Join(folder, files[0].name)
	first := inode(t, path)
	for _, mine := range []fs.FileInfo{first, inode(t, base), inode(t, folder)} {
		if mine.Mode().Perm() != mode() {
			t.Errorf("%s: %v", mine.Name(), mine.Mode())
		}
	}
	if mustInstall(t, base); !os.SameFile(first, inode(t, path)) {
		t.Error("it was written again")
	}
	for name, spoil := range map[string]func() error{
		"cut":      func() error { return os.Truncate(path, 5) },
		"changed":  func() error { return os.WriteFile(path, []byte(strings.ToUpper(files[0].content)), 0o755) },
		"writable": func() error { return os.Chmod(path, 0o777) },
		"no x":     func() error { return os.Chmod(path, 0o600) },
		"a link": func() error {
			os.Remove(path)
			return os.Symlink("/bin/true", path)
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(name, err)
		}
		if mustInstall(t, base); !inode(t, path).Mode().IsRegular() || inode(t, path).Mode().Perm() != mode() {
			t.Errorf("%s: %v", name, inode(t, path).Mode())
		}
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 {
		t.Error(left)
	}
	other := append([]program{{files[0].name, files[0].content + "\n"}}, files[1:]...)
	if second, err := install(base, other); err != nil || second == folder {
		t.Error("another version has the same folder", err)
	}
}

// The path is absolute: a relative one would name another file once the program is elsewhere.
func TestPrepare(t *testing.T) {
	if path, err := Prepare(); path != "" || err != nil {
		t.Error("nothing is embedded: ", path, err)
	}
	programs = files
	defer func() { programs = nil }()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", "/proc")
	t.Setenv("TMPDIR", ".")
	path, err := Prepare()
	if err != nil || !filepath.IsAbs(path) {
		t.Fatal(path, err)
	}
	inode(t, path)
	if again, err := Prepare(); again != path || err != nil {
		t.Error(again, err)
	}
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	for name, prepare := range map[string]func(base string) error{
		"writable": func(base string) error {
			os.Mkdir(base, 0o700)
			return os.Chmod(base, 0o777)
		},
		"a link": func(base string) error { return os.Symlink(t.TempDir(), base) },
		"a file": func(base string) error { return os.WriteFile(base, nil, 0o600) },
		"not mine": func(base string) error {
			os.Mkdir(base, 0o700)
			return os.Chown(base, 12345, -1)
		},
	} {
		base := filepath.Join(t.TempDir(), "agentkernel")
		if err := prepare(base); err != nil {
			continue // only root gives folders away
		}
		if folder, err := install(base, files); err == nil || !strings.Contains(err.Error(), base) {
			t.Errorf("%s: %s %v", name, folder, err)
		}
	}
}

func TestInstalledByManyAtOnce(t *testing.T) {
	base := filepath.Join(t.TempDir(), "agentkernel")
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			mustInstall(t, base)
		}()
	}
	all.Wait()
}

func TestTheFirstFolderThatWorks(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", blocked)
	t.Setenv("TMPDIR", t.TempDir())
	list := bases()
	if len(list) < 2 || list[len(list)-2] != filepath.Join(blocked, "agentkernel") {
		t.Error(list)
	}
	if _, err := install(list[len(list)-2], files); err == nil {
		t.Error("installed in a file")
	}
	if folder := mustInstall(t, list[len(list)-1]); !strings.HasPrefix(folder, os.TempDir()) {
		t.Error(folder)
	}
}
