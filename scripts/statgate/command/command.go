// Package command assembles the command statgate from its subcommands, and turns their
// errors into one line on standard error and an exit code.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // kick-offs are in the league's time zone, which the machine may not have

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"statgate/scripts/internal/usage"
	"statgate/scripts/statgate/internal/dev"
	"statgate/scripts/statgate/internal/importdata"
	"statgate/scripts/statgate/internal/importkeys"
	"statgate/scripts/statgate/internal/indexmembers"
	"statgate/scripts/statgate/internal/operatorkey"
	"statgate/scripts/statgate/internal/peppers/export"
	"statgate/scripts/statgate/internal/peppers/restore"
	"statgate/scripts/statgate/internal/peppers/rotate"
	"statgate/shared/api/preset"
)

// Exit codes.
const (
	Success = 0
	Failed  = 1 // the work failed
	Usage   = 2 // the command line is wrong; nothing was done
)

// Main runs the command with the arguments, until it ends or the process gets SIGINT or
// SIGTERM, and returns the exit code.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdin, os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	started := false
	root := newRoot(stdin, stdout, stderr)
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		plainDescriptions(root)
	}
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(append([]string{}, args...)) // not nil, which stands for os.Args
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return Success
	}
	if !started || usage.Is(err) { // cobra rejected the arguments, or an option check did
		fmt.Fprintf(stderr, "%s: %s; see %s --help\n", c.CommandPath(), oneLine(err), c.CommandPath())
		return Usage
	}
	fmt.Fprintf(stderr, "%s: %s\n", c.CommandPath(), oneLine(err))
	return Failed
}

// newRoot returns the command with all its subcommands.
func newRoot(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := group("statgate", "Run, fill and operate deployments of the sports-statistics API",
		dev.Command(), operatorkey.Command(), importdata.Command(), importkeys.Command(),
		group("peppers", "Rotate, export and import the peppers of a deployment",
			rotate.Command(), export.Command(), restore.Command()),
		group("members", "Maintain the members of a deployment", indexmembers.Command()),
		version())
	root.Long = root.Short + `.

Exit codes: 0 success, 1 failed, 2 wrong usage. "go run" exits with 1 in place of 2: build
the program where the code matters. Results are on standard output, errors and logs on
standard error.`
	if info, ok := debug.ReadBuildInfo(); ok {
		root.Version = describe(info)
		root.SetVersionTemplate("{{.Version}}\n")
	}
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if not .HasAvailableSubCommands}}", 1))
	completeContracts(root)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() { // cobra's own exit with 0 for an unknown command
		case "help":
			c.RunE = help
		case "completion":
			c.Args, c.RunE = cobra.ArbitraryArgs, needsSubcommand
		}
	}
	return root
}

// group returns a command that has subcommands and does nothing itself.
func group(name, short string, subcommands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, RunE: needsSubcommand}
	c.AddCommand(subcommands...)
	return c
}

// needsSubcommand is the work of a command that cannot be run without a subcommand.
func needsSubcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage.Errorf("name a command: %s", strings.Join(names(c), ", "))
	}
	return unknown(c, args[0])
}

// names lists the subcommands of a command.
func names(c *cobra.Command) []string {
	var all []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, sub.Name())
		}
	}
	return all
}

// completeContracts makes the shell complete the names of presets after --contract.
func completeContracts(c *cobra.Command) {
	if c.Flags().Lookup("contract") != nil {
		// The error reports an unknown flag or a second registration; neither can occur here.
		_ = c.RegisterFlagCompletionFunc("contract", cobra.FixedCompletions(preset.Names(), cobra.ShellCompDirectiveDefault))
	}
	for _, sub := range c.Commands() {
		completeContracts(sub)
	}
}

// plainDescriptions removes the backticks from the descriptions of flags. They mark the
// name of a flag's value for the help, but shell completion would print them.
func plainDescriptions(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	for _, sub := range c.Commands() {
		plainDescriptions(sub)
	}
}

// suggestionDistance is the maximum number of edits between a mistyped command and the
// command that the error suggests.
const suggestionDistance = 2

// unknown returns the error of a subcommand that does not exist.
func unknown(c *cobra.Command, name string) error {
	if !c.HasAvailableSubCommands() {
		return usage.Errorf("unexpected argument %q: %s has no subcommands", name, c.CommandPath())
	}
	c.SuggestionsMinimumDistance = suggestionDistance
	if similar := c.SuggestionsFor(name); len(similar) > 0 {
		return usage.Errorf("unknown command %q, did you mean %q?", name, similar[0])
	}
	return usage.Errorf("unknown command %q, want one of %s", name, strings.Join(names(c), ", "))
}

// flagError names the flag that cobra cannot parse.
func flagError(c *cobra.Command, err error) error {
	if c.HasSubCommands() && c.Flags().NArg() > 0 { // an unknown subcommand's flag
		return unknown(c, c.Flags().Arg(0))
	}
	var unknownFlag *pflag.NotExistError
	if errors.As(err, &unknownFlag) && len(unknownFlag.GetSpecifiedShortnames()) > 1 {
		name, _, _ := strings.Cut(unknownFlag.GetSpecifiedShortnames(), "=")
		return usage.Errorf("unknown flag -%s: flags begin with two dashes: --%s", name, name)
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usage.Errorf("--%s: %s, got %q", invalid.GetFlag().Name, requirement(invalid), invalid.GetValue())
	}
	return usage.Mark(err)
}

// requirement says which values the flag of the error accepts.
func requirement(err *pflag.InvalidValueError) string {
	text := err.Unwrap().Error()
	if _, integer := new(big.Int).SetString(err.GetValue(), 0); integer && text == "must be an integer" {
		return text + " of at most 64 bits"
	}
	return text
}

// help prints the help of the command that the arguments name.
func help(c *cobra.Command, args []string) error {
	named, rest, err := c.Root().Find(args)
	if err != nil {
		return usage.Mark(err)
	}
	if len(rest) > 0 {
		return unknown(named, rest[0])
	}
	named.InitDefaultHelpFlag()
	return named.Help()
}

// oneLine returns the first line of an error, and the number of the lines after it.
func oneLine(err error) string {
	first, rest, more := strings.Cut(err.Error(), "\n")
	if !more {
		return first
	}
	return fmt.Sprintf("%s (and %d more)", first, strings.Count(rest, "\n")+1)
}
