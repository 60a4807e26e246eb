//go:build !agentkernel_bundled

package agentkernel_test

import (
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
	for _, one := range []struct {
		arguments []string
		says      []string
		code      int
	}{
		{[]string{"demo"}, []string{"line 3, uid", "(exit code 0)", "kept between commands", "no luck\n(AK_E_COMMAND, exit code 3)"}, 0},
		{[]string{"run", "sh", "-c", "echo hello; exit 7"}, []string{"hello\n"}, 7},
		{[]string{"run"}, []string{"usage"}, 2},
	} {
		program := filepath.Join(t.TempDir(), one.arguments[0])
		build := exec.Command("go", "build", "-o", program, "./"+one.arguments[0])
		build.Dir = filepath.Join(tree, "examples/go")
		if said, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		command := exec.Command(program, one.arguments[1:]...)
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
}
