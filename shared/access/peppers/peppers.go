// Package peppers stores the root of a deployment's peppers in a file, for deployments
// without a secret store: a laptop, a test server. On AWS the same document is in Secrets
// Manager.
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

// FileName is the file's name in a data directory.
const FileName = "peppers.json"

// FromFile returns the peppers of a data directory: DIR/peppers.json. If the file is
// missing it is made (mode 0600) with a root drawn from rand. The source reads the file
// again when it fetches, so it finds added versions.
//
// Without the file, every key in the same directory's data is invalid.
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

// InMemory returns peppers that exist only in this process.
func InMemory(rand io.Reader, clock func() time.Time) (*apikey.PepperSource, error) {
	raw, err := apikey.NewRoot(rand)
	if err != nil {
		return nil, fmt.Errorf("peppers: making a root: %w", err)
	}
	return apikey.FixedPeppers(raw, clock), nil
}

// create writes a new root to a temporary file and links it into place, so that two
// processes that start at the same time use the same complete file.
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
