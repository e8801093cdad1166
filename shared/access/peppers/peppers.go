// Package peppers keeps the root of a deployment's peppers in a file, for
// deployments that have no secret store: a laptop, a test server. On AWS the same
// document lies in Secrets Manager.
package peppers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"statgate/shared/access/apikey"
)

// FileName is what the file is called in a data directory.
const FileName = "peppers.json"

// FromFile returns the peppers of a data directory: DIR/peppers.json, which is
// made (mode 0600) where it is missing, its root drawn from rand. The file is
// read again as the source wants it, so an added version is found.
//
// Losing the file ends every key of the data that lies beside it.
func FromFile(dir string, rand io.Reader, clock func() time.Time) (*apikey.PepperSource, error) {
	return At(filepath.Join(dir, FileName), rand, clock)
}

// At is [FromFile] for a file of another name.
func At(file string, rand io.Reader, clock func() time.Time) (*apikey.PepperSource, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = create(file, rand)
	}
	if err != nil {
		return nil, fmt.Errorf("peppers: %w", err)
	}
	if _, err := apikey.ParsePeppers(raw); err != nil {
		return nil, fmt.Errorf("peppers: %s: %w", file, err)
	}
	return apikey.NewPepperSource(func(context.Context) ([]byte, error) { return os.ReadFile(file) }, clock), nil
}

// InMemory returns peppers that end with the process.
func InMemory(rand io.Reader, clock func() time.Time) (*apikey.PepperSource, error) {
	raw, err := apikey.NewRoot(rand)
	if err != nil {
		return nil, fmt.Errorf("peppers: making a root: %w", err)
	}
	return apikey.FixedPeppers(raw, clock), nil
}

// create writes a new root beside the file and links it into place, so that of
// two processes that start at once both go by the same one, whole.
func create(file string, rand io.Reader) ([]byte, error) {
	raw, err := apikey.NewRoot(rand)
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".peppers-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(raw); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(file)
}
