package agentkernel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

// The tag agentkernel_bundled compiles in this tree's library: all of it, and of its version.
func TestBundleIsWhole(t *testing.T) {
	wanted := map[string]bool{"abi.c": true, "agentkernel.h": true}
	sources, err := filepath.Glob(filepath.Join(tree, "core/*/*.[ch]"))
	if err != nil || len(sources) == 0 {
		t.Fatal(err)
	}
	for _, source := range sources {
		wanted[filepath.Base(source)] = true
	}
	entries, err := os.ReadDir("internal/bundled")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Type() != os.ModeSymlink {
			continue
		}
		if _, err := os.Stat("internal/bundled/" + entry.Name()); err != nil || !wanted[entry.Name()] {
			t.Errorf("%s should not be there: run bindings/go/bundle", entry.Name())
		}
		delete(wanted, entry.Name())
	}
	if len(wanted) > 0 {
		t.Errorf("%v are missing: run bindings/go/bundle", wanted)
	}
}

func TestBundledVersion(t *testing.T) {
	version := first(t, filepath.Join(tree, "CMakeLists.txt"), `project\(agentkernel VERSION ([0-9.]+)`)
	if bundled := first(t, "internal/bundled/version.h", `"([0-9.]+)"`); bundled != version {
		t.Errorf("version.h has %s, the library is %s", bundled, version)
	}
	if !strings.HasPrefix(agentkernel.Version(), "libagentkernel/"+version+" ") {
		t.Errorf("%s is not %s", agentkernel.Version(), version)
	}
}

func first(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in %s", pattern, file)
	}
	return string(found[1])
}
