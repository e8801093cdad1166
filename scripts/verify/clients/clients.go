// Package clients generates API clients from the OpenAPI document of each contract, as
// customers do, and calls a deployment with them. Its tests are the rig.
package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

// Versions of the generators that are Go programs. install.sh has those of the others.
const (
	oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	ogen        = "github.com/ogen-go/ogen/cmd/ogen@v1.24.0"
)

// target is one contract whose document clients are generated from.
type target struct {
	Contract, Base    string
	Document          string // file
	Data              string // operation that lists data
	DataPath, DataTag string
	Status            string // its list parameter
	Page              string // parameter of the next page of keys: cursor or offset
	KeyModel          string // schema of a key
	CreatedModel      string // schema of a created key
	DataModel         string // schema of the list of data
	OtherSchemes      []string
	DataGo, StatusGo  string // the names in Go
}

// workshop is the directory in which clients are generated, and the installed tools.
type workshop struct {
	dir                    string
	npm, python, jar, java string
	targets                []target
}

// newWorkshop installs the generators; those of TypeScript alone if others is false.
func newWorkshop(ctx context.Context, dir string, others bool) (*workshop, error) {
	args := []string{"typescript"}
	if others {
		args = nil
	}
	out, err := run(ctx, ".", "./install.sh", args...)
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir}
	places := append(strings.Split(strings.TrimSpace(out), "\n"), "", "", "")
	w.npm, w.python, w.jar, w.java = places[0], filepath.Join(places[1], "bin"), places[2], places[3]
	return w, nil
}

// run runs a program and returns its standard output. The error has its standard error.
func run(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, problems bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", program, strings.Join(args, " "), err, problems.String(), out.String())
	}
	return out.String(), nil
}

// write renders a template of drivers into a file of the workshop.
func (w *workshop) write(name, to string, t target) error {
	parsed, err := template.ParseFiles(filepath.Join("drivers", name))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, t); err != nil {
		return err
	}
	to = filepath.Join(w.dir, to)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o600)
}

// copied copies a file of drivers into the workshop.
func (w *workshop) copied(name, to string) error {
	raw, err := os.ReadFile(filepath.Join("drivers", name))
	if err != nil {
		return err
	}
	to = filepath.Join(w.dir, to)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}

// client is a generator and how the clients that it writes are run.
type client struct {
	name string
	// generate writes and compiles the clients of all contracts.
	generate func(ctx context.Context, w *workshop) error
	// command returns the program that calls the deployment of a contract.
	command func(w *workshop, t target) *exec.Cmd
}

var typescript = client{"openapi-typescript", generateFetch, func(w *workshop, t target) *exec.Cmd {
	return in(w.dir, "node", filepath.Join("fetch", "out", t.Contract+"-main.js"))
}}

// others are the clients that make clients runs besides typescript.
var others = []client{
	{"openapi-python-client", generatePython, func(w *workshop, t target) *exec.Cmd {
		return in(filepath.Join(w.dir, "python", t.Contract), filepath.Join(w.python, "python"), "main.py")
	}},
	{"oapi-codegen", generateOapi, func(w *workshop, t target) *exec.Cmd { return in(w.dir, "./oapi-"+t.Contract) }},
	{"ogen", generateOgen, func(w *workshop, t target) *exec.Cmd { return in(w.dir, "./ogen-"+t.Contract) }},
}

// fromJar are the clients that OpenAPI Generator writes, in one run for all.
var fromJar = []client{
	{"Python", preparePython, func(w *workshop, t target) *exec.Cmd {
		return in(filepath.Join(w.dir, "jar-python", t.Contract), filepath.Join(w.python, "python"), "main.py")
	}},
	{"Go", prepareGo, func(w *workshop, t target) *exec.Cmd { return in(w.dir, "./openapi-"+t.Contract) }},
	{"TypeScript", prepareTypeScript, func(w *workshop, t target) *exec.Cmd {
		return in(w.dir, "node", filepath.Join("jar-typescript", "out", t.Contract+"-main.js"))
	}},
}

func in(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	return cmd
}

// each calls f for each contract.
func (w *workshop) each(f func(t target) error) error {
	for _, t := range w.targets {
		if err := f(t); err != nil {
			return fmt.Errorf("%s: %w", t.Contract, err)
		}
	}
	return nil
}

func generateFetch(ctx context.Context, w *workshop) error {
	err := w.each(func(t target) error {
		if _, err := run(ctx, w.dir, filepath.Join(w.npm, "node_modules", ".bin", "openapi-typescript"), t.Document, "-o", filepath.Join("fetch", t.Contract+".d.ts")); err != nil {
			return err
		}
		return w.write("openapi-fetch.ts.tmpl", filepath.Join("fetch", t.Contract+"-main.ts"), t)
	})
	if err != nil {
		return err
	}
	return w.compileTypeScript(ctx, "fetch")
}

// compileTypeScript compiles a directory of the workshop with "tsc --strict".
func (w *workshop) compileTypeScript(ctx context.Context, dir string) error {
	at := filepath.Join(w.dir, dir)
	for name, text := range map[string]string{
		"package.json": `{"type":"module"}`,
		"tsconfig.json": `{"compilerOptions":{"strict":true,"target":"es2022","lib":["es2022","dom","dom.iterable"],"types":["node"],
			"module":"nodenext","moduleResolution":"nodenext","outDir":"out","rootDir":"."},"include":["**/*.ts"],"exclude":["out","node_modules"]}`,
	} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := os.Symlink(filepath.Join(w.npm, "node_modules"), filepath.Join(at, "node_modules")); err != nil {
		return err
	}
	_, err := run(ctx, at, filepath.Join("node_modules", ".bin", "tsc"), "-p", ".")
	return err
}

func generatePython(ctx context.Context, w *workshop) error {
	return w.each(func(t target) error {
		at := filepath.Join("python", t.Contract)
		if err := w.copied("openapi-python-client.py", filepath.Join(at, "main.py")); err != nil {
			return err
		}
		if _, err := run(ctx, w.dir, filepath.Join(w.python, "openapi-python-client"), "generate", "--path", t.Document,
			"--output-path", filepath.Join(at, "client"), "--meta", "none"); err != nil {
			return err
		}
		_, err := run(ctx, w.dir, filepath.Join(w.python, "python"), "-m", "compileall", "-q", at)
		return err
	})
}

func generateOapi(ctx context.Context, w *workshop) error {
	return w.each(func(t target) error {
		at := filepath.Join(t.Contract, "oapi")
		if err := os.MkdirAll(filepath.Join(w.dir, at, "client"), 0o755); err != nil {
			return err
		}
		if _, err := run(ctx, ".", "go", "run", oapiCodegen, "-generate", "types,client", "-package", "client",
			"-o", filepath.Join(w.dir, at, "client", "client.go"), t.Document); err != nil {
			return err
		}
		return w.compileGo(ctx, "oapi-codegen.go.tmpl", "oapi", t)
	})
}

func generateOgen(ctx context.Context, w *workshop) error {
	return w.each(func(t target) error {
		if _, err := run(ctx, ".", "go", "run", ogen, "--target", filepath.Join(w.dir, t.Contract, "ogen", "client"), "--package", "client", "--clean", t.Document); err != nil {
			return err
		}
		return w.compileGo(ctx, "ogen.go.tmpl", "ogen", t)
	})
}

// compileGo builds a driver with its client, as NAME-CONTRACT.
func (w *workshop) compileGo(ctx context.Context, driver, name string, t target) error {
	if err := w.write(driver, filepath.Join(t.Contract, name, "main.go"), t); err != nil {
		return err
	}
	_, err := run(ctx, w.dir, "go", "build", "-o", name+"-"+t.Contract, "./"+t.Contract+"/"+name)
	return err
}

// module makes the workshop a Go module.
func (w *workshop) module() error {
	if err := w.copied("go.mod", "go.mod"); err != nil {
		return err
	}
	if err := w.copied("go.sum", "go.sum"); err != nil {
		return err
	}
	return w.write("drive.go.tmpl", filepath.Join("drive", "drive.go"), target{})
}

// runJar writes the clients of OpenAPI Generator for all contracts in one process.
func (w *workshop) runJar(ctx context.Context) error {
	args := []string{"-jar", w.jar, "batch", "--threads", "2", "--fail-fast", "--"}
	err := w.each(func(t target) error {
		for _, one := range []struct{ kind, out string }{{"python", "jar-python/" + t.Contract}, {"go", "jar-go/" + t.Contract}, {"typescript-fetch", "jar-typescript/" + t.Contract}} {
			settings := map[string]any{"generatorName": one.kind, "inputSpec": t.Document, "outputDir": filepath.Join(w.dir, one.out)}
			switch one.kind {
			case "go":
				settings["packageName"] = "client"
			case "typescript-fetch":
				settings["additionalProperties"] = map[string]any{"importFileExtension": ".js"}
			}
			raw, err := json.Marshal(settings)
			if err != nil {
				return err
			}
			file := filepath.Join(w.dir, "jar-"+one.kind+"-"+t.Contract+".json")
			if err := os.WriteFile(file, raw, 0o600); err != nil {
				return err
			}
			args = append(args, file)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = run(ctx, w.dir, w.java, args...)
	return err
}

func preparePython(ctx context.Context, w *workshop) error {
	return w.each(func(t target) error {
		at := filepath.Join("jar-python", t.Contract)
		if err := w.copied("openapi-generator.py", filepath.Join(at, "main.py")); err != nil {
			return err
		}
		_, err := run(ctx, w.dir, filepath.Join(w.python, "python"), "-m", "compileall", "-q", at)
		return err
	})
}

func prepareGo(ctx context.Context, w *workshop) error {
	return w.each(func(t target) error {
		files, err := filepath.Glob(filepath.Join(w.dir, "jar-go", t.Contract, "*.go"))
		if err != nil {
			return err
		}
		at := filepath.Join(w.dir, t.Contract, "openapi", "client")
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		for _, file := range files {
			if err := os.Rename(file, filepath.Join(at, filepath.Base(file))); err != nil {
				return err
			}
		}
		return w.compileGo(ctx, "openapi-generator.go.tmpl", "openapi", t)
	})
}

func prepareTypeScript(ctx context.Context, w *workshop) error {
	err := w.each(func(t target) error {
		return w.write("openapi-generator.ts.tmpl", filepath.Join("jar-typescript", t.Contract+"-main.ts"), t)
	})
	if err != nil {
		return err
	}
	return w.compileTypeScript(ctx, "jar-typescript")
}
