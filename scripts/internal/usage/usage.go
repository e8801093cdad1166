// Package usage marks the errors that are mistakes on the command line, so that the
// program exits with 2 for them and with 1 for everything else.
package usage

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// mistake is an error of the command line.
type mistake struct{ error }

func (m mistake) Unwrap() error { return m.error }

// Errorf returns a usage error. Its text is formatted as by [fmt.Errorf].
func Errorf(format string, args ...any) error { return mistake{fmt.Errorf(format, args...)} }

// Mark returns err as a usage error, or nil where err is nil.
func Mark(err error) error {
	if err == nil {
		return nil
	}
	return mistake{err}
}

// Is reports whether err, or an error that it wraps, is a usage error.
func Is(err error) bool {
	var m mistake
	return errors.As(err, &m)
}

// NoArgs is the [cobra.PositionalArgs] of a command that takes options only.
func NoArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Errorf("unexpected argument %q", args[0])
	}
	return nil
}
