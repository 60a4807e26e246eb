package agentkernel_test

import (
	"os"
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
		if !strings.Contains(run, flat(piece[1])) {
			t.Errorf("no example runs this:\n%s", piece[1])
		}
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
