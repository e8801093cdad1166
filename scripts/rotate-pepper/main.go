// Command rotate-pepper changes the pepper under which secrets are MACed. It
// adds a version, which becomes the current one: functions notice within a minute,
// or at once when they meet a secret that has it; no key changes, and a secret
// moves over when it is next used.
//
// With -status it counts the live secrets of each version. With -retire N it takes
// version N out of use, once no live secret has it. It never prints a pepper.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"statgate/scripts/internal/operate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o, world{time.Now, operate.Sleep}, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rotate-pepper:", err)
		os.Exit(1)
	}
}
