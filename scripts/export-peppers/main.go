// Command export-peppers writes a backup of a deployment's peppers, encrypted by
// age to a recipient or with a passphrase, as a file of mode 0600. Without the
// peppers no key can ever be checked again: they belong beside the backups of the
// tables, but not under the same lock. import-peppers brings them back.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "export-peppers:", err)
		os.Exit(1)
	}
}
