package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"statgate/shared/api/docspage"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// hostArch returns Lambda's name for this machine's architecture.
func hostArch() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

var made = struct {
	sync.Once
	dir     string
	bundles map[string]bundle
	err     error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(made.dir)
	os.Exit(code)
}

// built builds the bundles of the default contract for this machine, once.
func built(t *testing.T) map[string]bundle {
	t.Helper()
	made.Do(func() {
		if made.dir, made.err = os.MkdirTemp("", "statgate-build-"); made.err != nil {
			return
		}
		made.bundles, made.err = build(options{contract: "statgate", arch: hostArch(), out: made.dir})
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.bundles
}

func TestEachBundleHasABinaryAndItsCompiledContract(t *testing.T) {
	for name, b := range built(t) {
		info, err := os.Stat(filepath.Join(b.Dir, "bootstrap"))
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: got %v, %v, want an executable", name, info, err)
		}
		c, err := contract.Load(filepath.Join(b.Dir, "contract.json"))
		if err != nil || c.Name != "statgate" {
			t.Errorf("%s: got contract %v, %v", name, c, err)
		}
		if len(b.Hash) != 64 {
			t.Errorf("%s: got hash %q", name, b.Hash)
		}
	}
}

// A build that ends early can leave a binary whose build id says that it is up to date.
func TestIncompleteOrForeignBinariesAreBuiltAgain(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(built(t)[authorizer].Dir, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), authorizer)
	binary := filepath.Join(dir, "bootstrap")
	arch := goarch[hostArch()]
	one := func(change func()) os.FileInfo {
		t.Helper()
		change()
		if _, err := buildOne(authorizer, arch, dir, nil); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(binary)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("the binary has %d bytes, want the %d of a first build (%v)", len(got), len(want), err)
		}
		info, err := os.Stat(binary)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(name, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	first := one(func() {})
	if again := one(func() { write(filepath.Join(dir, "old.json"), nil) }); !os.SameFile(first, again) {
		t.Error("a binary that is up to date was linked again")
	}
	if _, err := os.Stat(filepath.Join(dir, "old.json")); err == nil {
		t.Error("a file of an earlier build is still in the bundle")
	}
	one(func() { write(binary, want[:len(want)/2]) })
	one(func() { write(binary, append(bytes.Clone(want), 0)) })
	one(func() { write(binary, want[:len(want)/2]); os.Remove(dir + ".sha256") })
}

func TestDocumentsAreOnlyInTheBundleOfDocs(t *testing.T) {
	for name, b := range built(t) {
		for _, file := range []string{"openapi.json", "docs.html"} {
			raw, err := os.ReadFile(filepath.Join(b.Dir, file))
			if there := err == nil && len(raw) > 0; there != (name == "docs") {
				t.Errorf("%s: %s exists: %v", name, file, there)
			}
		}
	}
	for file, want := range docspage.Assets() {
		if got, err := os.ReadFile(filepath.Join(built(t)["docs"].Dir, "api-docs", file)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs: %s is not the page's file (%v)", file, err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(built(t)["docs"].Dir, "openapi.json"))
	if err != nil || !json.Valid(raw) || !bytes.Contains(raw, []byte(`"/v1/keys/{key}"`)) {
		t.Errorf("the OpenAPI document lacks a route (%v)", err)
	}
}

func TestPageOfTheConsoleIsInItsBundleAlone(t *testing.T) {
	for name, b := range built(t) {
		page, err := os.ReadFile(filepath.Join(b.Dir, "console", "index.html"))
		if there := err == nil && bytes.Contains(page, []byte(`src="console/app.`)); there != (name == "console") {
			t.Errorf("%s: the page exists: %v", name, there)
		}
	}
}

func TestDeploymentWithoutAConsoleHasNoFunctionAndNoRouteOfIt(t *testing.T) {
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	c.NoConsole = true
	if names := functions(c); slices.Contains(names, "console") || !slices.Contains(names, "docs") {
		t.Errorf("got functions %v", names)
	}
	all, err := files(c)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(all["docs"]["contract.json"], []byte(`"no_console":true`)) {
		t.Error("the functions do not know that there is no console")
	}
}

func TestSameSourcesGiveTheSameHash(t *testing.T) {
	first := built(t)
	for _, name := range []string{"docs", authorizer} {
		files := map[string][]byte{}
		for _, file := range []string{"contract.json", "openapi.json", "docs.html"} {
			if raw, err := os.ReadFile(filepath.Join(first[name].Dir, file)); err == nil {
				files[file] = raw
			}
		}
		if name == "docs" {
			for file, content := range docspage.Assets() {
				files[filepath.Join("api-docs", file)] = content
			}
		}
		again, err := buildOne(name, goarch[hostArch()], filepath.Join(t.TempDir(), name), files)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := again.Hash, first[name].Hash; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestAnyChangedByteChangesTheHash(t *testing.T) {
	dir := t.TempDir()
	write := func(file, content string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		sum, err := hash(dir)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	seen := map[string]string{}
	for _, step := range [][2]string{{"a", "1"}, {"a", "2"}, {"b", ""}, {"b", "1"}, {"c", "b 1\n1"}} {
		sum := write(step[0], step[1])
		if before, ok := seen[sum]; ok {
			t.Errorf("%v has the hash of %s", step, before)
		}
		seen[sum] = step[0] + step[1]
	}
}

func TestUnknownArchitectureIsRefused(t *testing.T) {
	if _, err := build(options{contract: "statgate", arch: "mips", out: t.TempDir()}); err == nil {
		t.Error("build for mips succeeded, want an error")
	}
}
