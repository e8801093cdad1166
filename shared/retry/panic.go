package retry

import (
	"fmt"
	"runtime/debug"
)

// Recovered calls f and turns a panic into an error with the stack trace, for the log. A
// panic that is not recovered ends the process, and with it the work of others.
func Recovered(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}
