// Command import-keys brings keys of another system into a deployment, by the
// SHA-256 of their secrets: customers go on with the secrets that they have. It
// reads CSV or JSON lines (package keys says what a row may tell), says of each
// row that it refuses why, by its line, and may be run again with the same file.
//
// With -expire-unseen it ends the keys that came in so and were not used since.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"statgate/scripts/internal/operate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o, world{time.Now, operate.Sleep}, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "import-keys:", err)
		os.Exit(1)
	}
}
