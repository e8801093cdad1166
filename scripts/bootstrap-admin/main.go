// Command bootstrap-admin makes the first organisation of an empty deployment,
// which is the operator's, its owner and an operator key: once. With -recover it
// makes another operator key, for whoever holds the store's credentials and has
// lost the first; the audit trail says so.
//
// The key is the only thing on standard output. It cannot be shown again.
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
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bootstrap-admin:", err)
		os.Exit(1)
	}
}
