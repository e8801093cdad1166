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

// ErrChanged is the error of [Document.Replace] if the document has changed since it was
// read.
var ErrChanged = errors.New("peppers: the document has changed meanwhile; nothing was written: run the command again")

// Document is where a deployment's peppers are stored, for commands that change them. Its
// errors never contain the document.
type Document interface {
	// String returns the document's location, for people.
	String() string
	// Read returns the text and when it was last changed; nil if it does not exist yet.
	Read(ctx context.Context) (raw []byte, changed time.Time, err error)
	// Replace writes after if the document still equals before (nil: it does not exist),
	// else it fails with [ErrChanged]. If two commands both added the same version, the secrets MACed under
	// the bytes of the loser would become invalid.
	Replace(ctx context.Context, before, after []byte) error
}

// File is a document in a file with mode 0600.
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

// Replace implements [Document]. Readers see the whole old text or the whole new one.
func (f File) Replace(ctx context.Context, before, after []byte) error {
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
	current, _, err := f.Read(ctx)
	if err != nil {
		return err
	}
	if (current == nil) != (before == nil) || !bytes.Equal(current, before) {
		return ErrChanged
	}
	if err := WritePrivate(string(f), after); err != nil {
		return fmt.Errorf("peppers: %w", err)
	}
	return nil
}

// WritePrivate writes a file with mode 0600 atomically.
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
