//go:build !agentkernel_bundled

package agentkernel_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What C sees of the environment, which Go does not once it runs.
const packedEnvironment = `package main

// #include <stdlib.h>
import "C"

func init() {
	variable = func(name string) string { return C.GoString(C.getenv(C.CString(name))) }
}
`

const packedProgram = `package main

import (
	"context"
	"fmt"
	"os"

	"MODULE"
)

var variable = os.Getenv

func main() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:", LocalProgram: os.Getenv("PROGRAM")})
	defer client.Close()
	output, err := client.Run(context.Background(), []string{"echo", "hello"}, nil)
	maps, _ := os.ReadFile("/proc/self/maps")
	fmt.Printf("%v\n%v\nAGENTKERNEL_LOCAL=%q\n%s", output, err, variable("AGENTKERNEL_LOCAL"), maps)
}
`

// packed is a program of a user who has Go and a C compiler, and the packed module from a proxy.
type packed struct {
	t              *testing.T
	folder, module string
	environment    []string
}

func (p *packed) command(environment []string, words ...string) string {
	p.t.Helper()
	command := exec.Command(words[0], words[1:]...)
	command.Dir, command.Env = p.folder, append(append([]string{}, p.environment...), environment...)
	said, err := command.CombinedOutput()
	if err != nil && words[0] == "go" {
		p.t.Fatalf("%v: %v\n%s", words, err, said)
	}
	return string(said)
}

// says runs the program, which was built.
func (p *packed) says(wanted string, environment ...string) string {
	p.t.Helper()
	said := p.command(environment, "./program")
	if !strings.Contains(said, wanted) {
		p.t.Errorf("%v: not %q:\n%s", environment, wanted, said)
	}
	return said
}

func (p *packed) build(environment []string, flags ...string) *packed {
	p.t.Helper()
	p.command(environment, append([]string{"go", "build", "-o", "program"}, flags...)...)
	return p
}

// pack packs the module, and returns the file and its content.
func pack(t *testing.T, natives, out string) (zip string, content []byte) {
	t.Helper()
	said, err := exec.Command("./dev", "dist", natives, out).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	zip = strings.TrimSpace(string(said))
	if content, err = os.ReadFile(zip); err != nil {
		t.Fatal(err)
	}
	return zip, content
}

// built returns the folder with the native parts.
func built(t *testing.T) string {
	t.Helper()
	natives := os.Getenv("AK_NATIVE")
	if natives == "" {
		t.Skip("AK_NATIVE names no folder with the native parts")
	}
	return natives
}

func newPacked(t *testing.T, natives string) *packed {
	t.Helper()
	zip, content := pack(t, natives, t.TempDir())
	if _, again := pack(t, natives, t.TempDir()); !bytes.Equal(content, again) {
		t.Error("packed again, it has other bytes")
	}
	proxy := regexp.MustCompile(`^(.*/go)/(.*)/@v/`).FindStringSubmatch(zip)
	p := &packed{t: t, folder: t.TempDir(), module: proxy[2]}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AGENTKERNEL_") && !strings.HasPrefix(entry, "PKG_CONFIG") && !strings.HasPrefix(entry, "LD_LIBRARY_PATH") {
			p.environment = append(p.environment, entry)
		}
	}
	p.environment = append(p.environment, "PKG_CONFIG=/nonexistent", "GOPROXY=file://"+proxy[1], "GONOSUMDB=*", "GOFLAGS=-modcacherw",
		"GOTOOLCHAIN=local", "GOMODCACHE="+filepath.Join(p.folder, "modules"), "XDG_CACHE_HOME="+filepath.Join(p.folder, "cache"),
		"GOCACHE="+strings.TrimSpace(p.command(os.Environ(), "go", "env", "GOCACHE")))
	for name, text := range map[string]string{"main.go": packedProgram, "environment.go": packedEnvironment} {
		text = strings.ReplaceAll(text, "MODULE", p.module)
		if err := os.WriteFile(filepath.Join(p.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.command(nil, "go", "mod", "init", "example.org/program")
	p.command(nil, "go", "get", p.module)
	return p
}

func TestPackedModule(t *testing.T) {
	p := newPacked(t, built(t))
	said := p.build(nil).says("RunOutput{Output:\"hello\\n\" ExitCode:0}\n<nil>\nAGENTKERNEL_LOCAL=\"\"\n")
	if regexp.MustCompile(`lib(agentkernel|curl|cjson|ssl|crypto)[.-]`).MatchString(said) {
		t.Errorf("libraries of the system:\n%s", said)
	}
	installed, err := filepath.Glob(filepath.Join(p.folder, "cache/agentkernel/local-*/agentkernel-local"))
	if err != nil || len(installed) != 1 {
		t.Fatal(installed, err)
	}
	nowhere := []string{"XDG_CACHE_HOME=/proc", "TMPDIR=/proc"}
	p.says("local: there is no place for agentkernel-local", nowhere...)
	for _, name := range []string{"AGENTKERNEL_LOCAL", "PROGRAM"} { // then nothing has to be written anywhere
		p.says("hello", append(nowhere, name+"="+installed[0])...)
	}
	p.says("local: local_program names /nowhere, ", "PROGRAM=/nowhere", "AGENTKERNEL_LOCAL="+installed[0])
	p.build(nil, "-tags", "agentkernel_nolocal").says("the program agentkernel-local was not found", "PATH=/nonexistent")
	p.build(nil, "-race").says("hello")
}

// Vendored, the module is all that is needed: nothing is fetched.
func TestPackedModuleIsVendored(t *testing.T) {
	p := newPacked(t, built(t))
	p.command(nil, "go", "mod", "vendor")
	if err := os.RemoveAll(filepath.Join(p.folder, "modules")); err != nil {
		t.Fatal(err)
	}
	p.build([]string{"GOPROXY=off", "GOFLAGS=-mod=vendor"}).says("hello")
}

// Without cgo a program is built, whose every call says what is missing. All that is packed is formatted, and complete:
// vendoring looks at the imports and embedded files of all tags.
func TestPackedWithoutCgo(t *testing.T) {
	natives := t.TempDir()
	for _, target := range []string{"x86_64-linux-gnu", "aarch64-linux-gnu", "x86_64-linux-musl", "aarch64-linux-musl"} {
		for name, text := range map[string]string{"ar": "#!/bin/sh\ncat \"$2\"", "lib/libagentkernel.a": "object", "include/agentkernel.h": "",
			"bin/agentkernel-local": "server", "bin/bwrap": "bwrap", "share/licenses/curl.txt": "license"} {
			path := filepath.Join(natives, target, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	p := newPacked(t, natives)
	without := []string{"CGO_ENABLED=0"}
	p.build(without).says("agentkernel: built without cgo: build with CGO_ENABLED=1 and a C compiler")
	p.command(nil, "go", "mod", "vendor")
	p.command(without, "go", "vet", "./vendor/"+p.module)
	if said := p.command(nil, "gofmt", "-l", "vendor"); said != "" {
		t.Errorf("not formatted: %s", said)
	}
	for _, name := range []string{"LICENSE", "LICENSE-third-party", "internal/raw/agentkernel.h", "internal/local/bwrap_arm64",
		"internal/static/gnu/agentkernel_linux_amd64.syso", "internal/static/musl/agentkernel_linux_arm64.syso"} {
		if _, err := os.Stat(filepath.Join(p.folder, "vendor", p.module, name)); err != nil {
			t.Error(err)
		}
	}
}
