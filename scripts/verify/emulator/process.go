package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout is for a busy machine; three seconds are usual, and the
	// installation before it takes its own time.
	startTimeout = 3 * time.Minute
	stopTimeout  = 10 * time.Second
)

// emulator is one that runs.
type emulator struct {
	URL string `json:"url"`
	PID int    `json:"pid"` // which leads the group of all its processes
	Log string `json:"log"`
}

func stateFile(dir string) string { return filepath.Join(dir, "emulator.json") }

// start returns the emulator that the state knows of, or starts one that goes on
// when this command has ended.
func start(ctx context.Context, dir string, port int, log io.Writer) (*emulator, error) {
	if e, err := remembered(dir); err != nil {
		return nil, err
	} else if e != nil && e.healthy(ctx) {
		return e, nil
	}
	e, _, err := launch(ctx, dir, port, nil)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("remembering the emulator: %w", err)
	}
	if err := os.WriteFile(stateFile(dir), raw, 0o600); err != nil {
		return nil, fmt.Errorf("remembering the emulator: %w", err)
	}
	fmt.Fprintf(log, "emulator: %s, log in %s\n", e.URL, e.Log)
	return e, nil
}

// launch starts an emulator and waits until it answers. With tie it ends when
// that does, and in any case before a new one of the same state begins.
func launch(ctx context.Context, dir string, port int, tie *os.File) (*emulator, <-chan error, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("starting: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("starting: %w", err)
	}
	if port == 0 {
		if port, err = freePort(); err != nil {
			return nil, nil, err
		}
	}
	e := &emulator{URL: fmt.Sprintf("http://127.0.0.1:%d", port), Log: filepath.Join(dir, "emulator.log")}
	log, err := os.Create(e.Log)
	if err != nil {
		return nil, nil, fmt.Errorf("starting: %w", err)
	}
	defer log.Close() // the process has its own
	root, err := moduleRoot()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(filepath.Join(root, "scripts/verify/emulator/run.sh"), strconv.Itoa(port), filepath.Join(dir, "tmp"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C here is not for it, and its group is its own
	if tie != nil {
		cmd.Stdin, cmd.Env = tie, append(os.Environ(), "STATGATE_EMULATOR_TIED=1")
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("starting: %w", err)
	}
	e.PID = cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return e, ended, e.await(ctx, ended)
}

// await returns when the emulator answers, or says why it does not.
func (e *emulator) await(ctx context.Context, ended <-chan error) error {
	within, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !e.healthy(within) {
		select {
		case <-within.Done():
			e.kill()
			return fmt.Errorf("the emulator did not answer: %w; see %s", within.Err(), e.Log)
		case err := <-ended:
			said, _ := os.ReadFile(e.Log)
			return fmt.Errorf("the emulator ended (%v) and said:\n%s", err, said)
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

func (e *emulator) healthy(ctx context.Context) bool {
	within, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(within, http.MethodGet, e.URL+"/_ministack/health", nil)
	if err != nil {
		return false
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	got.Body.Close()
	return got.StatusCode == http.StatusOK
}

// remembered returns what the state knows of, nil where that is nothing.
func remembered(dir string) (*emulator, error) {
	raw, err := os.ReadFile(stateFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var e emulator
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	return &e, nil
}

// stop ends the emulator that the state knows of, and its functions.
func stop(dir string) error {
	e, err := remembered(dir)
	if err != nil || e == nil {
		return err
	}
	if e.runs() {
		e.kill()
	}
	for begun := time.Now(); e.runs(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > stopTimeout {
			return fmt.Errorf("process %d does not end", e.PID)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
		return fmt.Errorf("clearing the state: %w", err)
	}
	return os.Remove(stateFile(dir))
}

// runs tells whether the process is still the emulator: its number may have
// become somebody else's.
func (e *emulator) runs() bool {
	said, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(e.PID)).Output()
	return err == nil && (strings.Contains(string(said), "ministack") || strings.Contains(string(said), "run.sh"))
}

// kill ends the whole group. It has nothing to save.
func (e *emulator) kill() { _ = syscall.Kill(-e.PID, syscall.SIGKILL) }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// moduleRoot is the directory of go.mod: tests run in their package's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("run this inside the module")
		}
		dir = filepath.Dir(dir)
	}
	return "", fmt.Errorf("looking for go.mod: %w", err)
}
