// Command import-peppers brings a backup of export-peppers back. It tells what
// would end by that, and does it only with -force where anything would: another
// root ends every secret that was made under the one that stands. It never prints
// a pepper.
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
		fmt.Fprintln(os.Stderr, "import-peppers:", err)
		os.Exit(1)
	}
}
