// Package webpage bundles the sources of the console's page into the files that a browser
// loads.
package webpage

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Bundle returns the page's files by name: index.html, and the files that it loads. Their
// names have a hash of the content. It installs the packages of the page into the cache if
// they are not there.
func Bundle() (map[string][]byte, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	packages, err := install(root)
	if err != nil {
		return nil, err
	}
	return bundle(filepath.Join(root, "functions", "console", "web"), packages)
}

// Write bundles the page into a directory, replacing any earlier content.
func Write(dir string) error {
	files, err := Bundle()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clearing %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("writing the console's page: %w", err)
		}
	}
	return nil
}

// moduleRoot returns the directory of go.mod, from which tests and programs of the module run
// or below which they do.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("the console's page is built in the source tree: no go.mod above %s", start)
		}
	}
}

// install returns the directory of the page's packages.
func install(root string) (string, error) {
	cmd := exec.Command(filepath.Join(root, "scripts", "console", "packages.sh"))
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("installing the packages of the console's page: %w\n%s", err, failed.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// page is the file whose links are filled in, and links maps their placeholders to the
// beginnings of the files' names.
const page = "index.html"

var links = map[string]string{"%SCRIPT%": "app.", "%STYLE%": "style."}

// bundle bundles the sources of a directory. The page loads the files from the directory
// "console" beside its own address.
func bundle(web, packages string) (map[string][]byte, error) {
	result := api.Build(options(web, packages))
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("bundling the console's page:\n%s", strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), ""))
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	html, err := os.ReadFile(filepath.Join(web, page))
	if err != nil {
		return nil, fmt.Errorf("reading the console's page: %w", err)
	}
	for placeholder, prefix := range links {
		if n := bytes.Count(html, []byte(placeholder)); n != 1 {
			return nil, fmt.Errorf("%s has %s %d times, want once", page, placeholder, n)
		}
		for name := range files {
			if strings.HasPrefix(name, prefix) {
				html = bytes.Replace(html, []byte(placeholder), []byte("console/"+name), 1)
			}
		}
	}
	files[page] = html
	return files, nil
}

// options say what browsers get: no source map, and no code of the sources that is unused.
func options(web, packages string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir: web,
		EntryPointsAdvanced: []api.EntryPoint{
			{InputPath: "src/main.tsx", OutputPath: "app"},
			{InputPath: "src/style.css", OutputPath: "style"},
		},
		EntryNames: "[name].[hash]", AssetNames: "[name].[hash]",
		Outdir: "console", Write: false, Bundle: true,
		NodePaths: []string{packages},
		Target:    api.ES2020, Format: api.FormatESModule, Platform: api.PlatformBrowser,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone, Sourcemap: api.SourceMapNone,
		JSX: api.JSXAutomatic, JSXImportSource: "preact",
		Loader:   map[string]api.Loader{".svg": api.LoaderDataURL},
		LogLevel: api.LogLevelSilent,
	}
}
