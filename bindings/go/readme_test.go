package agentkernel_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The examples run the snippets of README.md and of the tree's README.md.
func TestReadmeIsRun(t *testing.T) {
	var readme []byte
	for _, file := range []string{"README.md", filepath.Join(tree, "README.md")} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		readme = append(readme, text...)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	run := flat(string(examples))
	pieces := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(pieces) < 11 {
		t.Fatalf("%d pieces of Go", len(pieces))
	}
	for _, piece := range pieces {
		if strings.HasPrefix(piece[1], "package main\n") {
			runProgram(t, piece[1], "hello\n")
		} else if !strings.Contains(run, flat(piece[1])) {
			t.Errorf("no example runs this:\n%s", piece[1])
		}
	}
}

// runProgram runs a whole program, with this package.
func runProgram(t *testing.T, text, wanted string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("go", "run", file).CombinedOutput(); err != nil || string(said) != wanted {
		t.Errorf("%v\n%s", err, said)
	}
}

// flat is text without its indentation.
func flat(text string) string {
	var lines strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines.WriteString(line + "\n")
		}
	}
	return lines.String()
}
