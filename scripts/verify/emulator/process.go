package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"statgate/scripts/verify/internal/rig"
)

const (
	// startTimeout allows for a busy machine and for the installation before the
	// first start. An installed emulator usually answers after three seconds.
	startTimeout = 5 * time.Minute
	stopTimeout  = 10 * time.Second
)

// emulator is a running emulator, as the state file stores it.
type emulator struct {
	URL string `json:"url"`
	PID int    `json:"pid"` // leader of the group of all its processes
	Log string `json:"log"`
}

func stateFile(dir string) string { return filepath.Join(dir, "emulator.json") }

// start returns the running emulator of the state directory. Otherwise it starts
// one that keeps running when this command ends.
func start(ctx context.Context, dir string, port int, log io.Writer) (*emulator, error) {
	if e, err := readState(dir); err != nil {
		return nil, err
	} else if e != nil && rig.EmulatorAnswers(ctx, e.URL) {
		return e, nil
	}
	e, _, err := launch(ctx, dir, port, true)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(e)
	if err == nil {
		err = os.WriteFile(stateFile(dir), raw, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("writing the state file: %w", err)
	}
	fmt.Fprintf(log, "emulator: %s, log in %s\n", e.URL, e.Log)
	return e, nil
}

// launch starts an emulator on a port, or on a free one for 0, and waits until it
// answers. Unless it is detached, it ends with this process.
func launch(ctx context.Context, dir string, port int, detached bool) (*emulator, *rig.Process, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("making the state directory: %w", err)
	}
	if port == 0 {
		if port, err = rig.FreePort("127.0.0.1"); err != nil {
			return nil, nil, err
		}
	}
	env := os.Environ()
	if !detached {
		env = append(env, "STATGATE_EMULATOR_TIED=1")
	}
	p, err := rig.Start(rig.Script{File: "scripts/verify/emulator/run.sh", Args: []string{strconv.Itoa(port), filepath.Join(dir, "tmp")},
		Env: env, Log: filepath.Join(dir, "emulator.log"), Detached: detached})
	if err != nil {
		return nil, nil, err
	}
	e := &emulator{URL: fmt.Sprintf("http://127.0.0.1:%d", port), PID: p.PID, Log: p.Log}
	if err := p.Await(ctx, startTimeout, func(ctx context.Context) bool { return rig.EmulatorAnswers(ctx, e.URL) }); err != nil {
		p.End(0)
		return nil, nil, err
	}
	return e, p, nil
}

// readState returns the emulator of the state file, nil without a file.
func readState(dir string) (*emulator, error) {
	raw, err := os.ReadFile(stateFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var e emulator
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state file: %w", err)
	}
	return &e, nil
}

// stop kills the emulator of the state file with its functions, and removes its
// temporary files. The emulator has no data to save.
func stop(dir string) error {
	e, err := readState(dir)
	if err != nil || e == nil {
		return err
	}
	if e.runs() {
		rig.KillGroup(e.PID)
	}
	for begun := time.Now(); e.runs(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > stopTimeout {
			return fmt.Errorf("process %d does not end", e.PID)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
		return fmt.Errorf("removing the emulator's temporary files: %w", err)
	}
	return os.Remove(stateFile(dir))
}

// runs reports whether the process is still the emulator. Its process id may have
// been reused.
func (e *emulator) runs() bool {
	command, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(e.PID)).Output()
	return err == nil && (strings.Contains(string(command), "ministack") || strings.Contains(string(command), "run.sh"))
}
