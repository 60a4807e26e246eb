//go:build !agentkernel_bundled

package agentkernel_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The programs of examples/go, built and run as their users do.
func TestExamplePrograms(t *testing.T) {
	url, err := localURL()
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(mine, bytes.Repeat([]byte("twelve bytes"), 50_000), 0o600); err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	build := exec.Command("go", "build", "-o", programs, "./...")
	build.Dir = filepath.Join(tree, "examples/go")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, one := range []struct {
		arguments []string
		says      []string
		code      int
	}{
		{[]string{"demo"}, []string{"line 3, uid", "(exit code 0)", "kept between commands", "no luck\n(AK_E_COMMAND, exit code 3)"}, 0},
		{[]string{"run", "sh", "-c", "echo hello; exit 7"}, []string{"hello\n"}, 7},
		{[]string{"run"}, []string{"usage"}, 2},
		{[]string{"files", mine, mine + "2"}, []string{"in   10 %\n", "in  100 %\nout  10 %\n", "out 100 %\n"}, 0},
		{[]string{"files", mine + "3", mine}, []string{"no such file"}, 1},
		{[]string{"files"}, []string{"usage"}, 2},
	} {
		command := exec.Command(filepath.Join(programs, one.arguments[0]), one.arguments[1:]...)
		command.Env = append(os.Environ(), "AGENTKERNEL_BASE_URL="+url)
		said, _ := command.CombinedOutput()
		if command.ProcessState.ExitCode() != one.code {
			t.Errorf("%v: exit code %d\n%s", one.arguments, command.ProcessState.ExitCode(), said)
		}
		for _, part := range one.says {
			if !strings.Contains(string(said), part) {
				t.Errorf("%v does not say %q:\n%s", one.arguments, part, said)
			}
		}
	}
	if back, err := os.ReadFile(mine + "2"); err != nil || string(back) != strings.Repeat("twelve bytes", 50_000) {
		t.Error(len(back), err)
	}
}
