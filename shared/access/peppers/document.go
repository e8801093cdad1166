package peppers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrChanged: the document is not the one that the change was made from.
var ErrChanged = errors.New("peppers: the document was changed by somebody else meanwhile: nothing was written, run the command again")

// Document is where a deployment's peppers lie, for commands that change them.
// Its errors never hold what it holds.
type Document interface {
	// String names the place for people.
	String() string
	// Read returns the text and when it was last changed; nil where there is none yet.
	Read(ctx context.Context) (raw []byte, changed time.Time, err error)
	// Replace writes the text where was (nil: none) still stands, else it fails
	// with [ErrChanged]: a version that two commands both add would end the
	// secrets that were MACed under the bytes of the one that loses.
	Replace(ctx context.Context, was, becomes []byte) error
}

// File is a document in a file of mode 0600.
type File string

func (f File) String() string { return string(f) }

// Read implements [Document].
func (f File) Read(context.Context) ([]byte, time.Time, error) {
	info, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("peppers: %w", err)
	}
	raw, err := os.ReadFile(string(f))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("peppers: %w", err)
	}
	return raw, info.ModTime(), nil
}

// Replace implements [Document]. Readers see the old text or the new one, whole.
func (f File) Replace(ctx context.Context, was, becomes []byte) error {
	lock := string(f) + ".lock"
	held, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("peppers: another command is changing %s; if none is, remove %s", f, lock)
	}
	if err != nil {
		return fmt.Errorf("peppers: %w", err)
	}
	defer os.Remove(lock)
	defer held.Close()
	stands, _, err := f.Read(ctx)
	if err != nil {
		return err
	}
	if (stands == nil) != (was == nil) || !bytes.Equal(stands, was) {
		return ErrChanged
	}
	if err := WritePrivate(string(f), becomes); err != nil {
		return fmt.Errorf("peppers: %w", err)
	}
	return nil
}

// WritePrivate writes a file of mode 0600, whole or not at all.
func WritePrivate(file string, raw []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(raw)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
