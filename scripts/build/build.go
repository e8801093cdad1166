package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"

	"golang.org/x/sync/errgroup"

	handlers "statgate/functions"
	"statgate/functions/mcp/tools"
	"statgate/scripts/internal/webpage"
	"statgate/shared/api"
	"statgate/shared/api/docspage"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

type options struct {
	contract, arch, out string
	noConsole           bool
	noReplays           bool
}

// bundle is the directory of one function and the hash of its content.
type bundle struct {
	Dir  string `json:"dir"`
	Hash string `json:"hash"`
}

// goarch maps Lambda's names of architectures to Go's.
var goarch = map[string]string{"arm64": "arm64", "x86_64": "amd64"}

// build builds the bundles of a deployment and returns them by function.
func build(o options) (map[string]bundle, error) {
	arch, ok := goarch[o.arch]
	if !ok {
		return nil, fmt.Errorf("--arch: must be arm64 or x86_64, got %s", o.arch)
	}
	c, err := preset.Load(o.contract)
	if err != nil {
		return nil, err
	}
	c.NoConsole, c.NoReplays = o.noConsole, o.noReplays
	files, err := files(c)
	if err != nil {
		return nil, err
	}
	names := functions(c)
	made := make([]bundle, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, name := range names {
		group.Go(func() (err error) {
			made[i], err = buildOne(name, arch, filepath.Join(o.out, o.arch, name), files[name])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := map[string]bundle{}
	for i, name := range names {
		all[name] = made[i]
	}
	return all, nil
}

const authorizer = "authorizer"

// functions lists the functions of a contract's deployment, including workers, sorted.
func functions(c *contract.Contract) []string {
	seen := map[string]bool{authorizer: true}
	for _, r := range api.For(c) {
		seen[r.Function] = true
	}
	for _, w := range api.WorkersFor(c) {
		seen[w.Function] = true
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// files returns the files beside each function's binary, by function and path.
func files(c *contract.Contract) (map[string]map[string][]byte, error) {
	compiled, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding the contract: %w", err)
	}
	all := map[string]map[string][]byte{}
	for _, name := range functions(c) {
		all[name] = map[string][]byte{"contract.json": compiled}
	}
	if all["mcp"] != nil {
		if all["mcp"]["tools.json"], err = tools.Cards(c); err != nil {
			return nil, err
		}
	}
	if all["console"] != nil {
		page, err := webpage.Bundle()
		if err != nil {
			return nil, err
		}
		for name, content := range page {
			all["console"][filepath.Join("console", name)] = content
		}
	}
	if all["docs"] == nil {
		return all, nil
	}
	// The document needs only the handlers' types. No handler is called.
	doc, err := openapi.Document(c, handlers.All(handlers.Deps{Contract: c}), "")
	if err != nil {
		return nil, err
	}
	page, err := docspage.Render(c, doc)
	if err != nil {
		return nil, err
	}
	all["docs"]["openapi.json"], all["docs"]["docs.html"] = doc, page
	for name, content := range docspage.Assets() {
		all["docs"][filepath.Join("api-docs", name)] = content
	}
	return all, nil
}

// buildOne builds one function's directory, replacing any earlier content but the binary, which
// go build keeps if it is up to date. Linking takes most of the time of a build.
func buildOne(name, arch, dir string, files map[string][]byte) (bundle, error) {
	binary, sum := filepath.Join(dir, "bootstrap"), dir+".sha256"
	if err := clearAround(binary, sum); err != nil {
		return bundle{}, fmt.Errorf("clearing %s: %w", dir, err)
	}
	if err := compile(source(name), tagsOf(name), arch, binary); err != nil {
		return bundle{}, err
	}
	if err := remember(binary, sum); err != nil {
		return bundle{}, fmt.Errorf("writing the sum of %s: %w", binary, err)
	}
	for file, content := range files {
		file = filepath.Join(dir, file)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, content, 0o644)
		}
		if err != nil {
			return bundle{}, fmt.Errorf("writing the bundle of %s: %w", name, err)
		}
	}
	hashed, err := hash(dir)
	return bundle{Dir: dir, Hash: hashed}, err
}

// clearAround makes the directory of a binary and removes all else in it. It removes the binary,
// too, unless the file sum has its hash: go build looks only at the build id, which the first
// bytes of an incomplete binary have.
func clearAround(binary, sum string) error {
	dir := filepath.Dir(binary)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	want, _ := os.ReadFile(sum)
	got, err := sumOf(binary)
	keep := err == nil && got == string(want)
	for _, e := range entries {
		if keep && e.Name() == filepath.Base(binary) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// remember writes the hash of a complete binary to the file sum.
func remember(binary, sum string) error {
	got, err := sumOf(binary)
	if err != nil {
		return err
	}
	return os.WriteFile(sum, []byte(got), 0o644)
}

func sumOf(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(content)), nil
}

func source(name string) string {
	if name == authorizer {
		return "statgate/authorizer/bootstrap"
	}
	return "statgate/functions/" + name + "/bootstrap"
}

// tagsOf returns the build tags of a function. lambda.norpc leaves out the RPC interface of
// the go1.x runtime, which Lambda no longer has. timetzdata embeds the zone database, which
// Lambda's runtime does not have; a kick-off has a local day. nethttpomithttp2 leaves out
// HTTP/2, which saves 256 KB: AWS's APIs take HTTP/1.1. Only deliver calls other hosts.
func tagsOf(name string) string {
	if name == "deliver" {
		return "lambda.norpc,timetzdata"
	}
	return "lambda.norpc,timetzdata,nethttpomithttp2"
}

// compile builds a static binary without symbols, paths or the commit, so that a function's
// bytes change only with its code and the text of its main package, which the build id depends on.
func compile(pkg, tags, arch, binary string) error {
	cmd := exec.Command("go", "build", "-tags", tags, "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w", "-o", binary, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, output.Bytes())
	}
	if err := os.Chmod(binary, 0o755); err != nil { // overrides the umask
		return fmt.Errorf("go build %s: %w", pkg, err)
	}
	return nil
}

// hash returns a SHA-256 over the names, sizes and contents of a directory's files, in order.
func hash(dir string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(sum, "%s %d\n", filepath.ToSlash(name), len(content))
		sum.Write(content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hashing %s: %w", dir, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
