package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"statgate/shared/table"
)

var (
	errInUse   = errors.New("is in use by another process")
	errForeign = errors.New("is not a data file of Statgate")
	errEmpty   = errors.New("is empty: its data is lost. Restore it from a backup, or remove it to start without data")
)

// create makes the file with the tables of schemas where it is missing. The file appears
// under its name when it is complete, so a file without content is one that lost it.
func create(path string, schemas []table.Schema) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".statgate-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	complete := filepath.Join(dir, filepath.Base(path))
	b, file, err := openBolt(complete, nil)
	if err != nil {
		return err
	}
	db, err := newDB(&DB{bolt: b, path: complete, file: file}, schemas)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := os.Link(complete, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable. Windows does that itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openBolt opens a bbolt file. It also returns the open file, which bbolt closes.
func openBolt(path string, o *bolt.Options) (b *bolt.DB, file *os.File, err error) {
	if o == nil {
		o = &bolt.Options{}
	}
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		var err error
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = guarded(func() (err error) {
		b, err = bolt.Open(path, 0o600, o)
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, nil, errInUse
	case errors.Is(err, errDamaged):
		_ = file.Close() // bbolt did not get to it; this releases the lock
		return nil, nil, damaged(err)
	case err != nil:
		return nil, nil, fmt.Errorf("cannot be opened: %w", err)
	}
	return b, file, nil
}

func damaged(err error) error {
	return fmt.Errorf("cannot be used: %w; restore it from a backup", err)
}

// inspect fails if the file at path is not one of Statgate's, is cut off or is damaged. It
// reads the file by itself and not through bbolt, which ends the process on some damage.
func inspect(path string, schemas []table.Schema) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("cannot be opened: %w", err)
	case !info.Mode().IsRegular():
		return errForeign
	case info.Size() == 0:
		return errEmpty
	}
	b, file, err := openBolt(path, &bolt.Options{ReadOnly: true, Timeout: lockTimeout}) // locks out writers
	if err != nil {
		return explain(path, err)
	}
	defer b.Close()
	v := verifier{file: file, pageBytes: uint64(b.Info().PageSize), buckets: map[string]bool{}, sums: map[string]uint64{}}
	for _, s := range schemas {
		v.tables = append(v.tables, newTable(nil, s))
	}
	if err := v.verify(info.Size()); err != nil {
		if errors.Is(err, errForeign) {
			return err
		}
		return damaged(err)
	}
	return nil
}

// explain replaces bbolt's error for a file that is open and that bbolt does not accept.
func explain(path string, err error) error {
	var system *fs.PathError
	if errors.Is(err, errInUse) || errors.As(err, &system) {
		return err
	}
	f, openErr := os.Open(path)
	if openErr != nil {
		return openErr
	}
	defer f.Close()
	head := make([]byte, pageHeaderBytes+len(boltMagic))
	if n, _ := f.ReadAt(head, 0); n < len(head) || !bytes.Equal(head[pageHeaderBytes:], boltMagic) {
		return errForeign
	}
	return damaged(fmt.Errorf("%w: %w", errDamaged, err))
}
