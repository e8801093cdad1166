package command

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/usage"
)

// version returns the command "version".
func version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and the commit of this program",
		Args:  usage.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("this program was built without build information")
			}
			fmt.Fprintln(c.OutOrStdout(), describe(info))
			return nil
		},
	}
}

// describe returns the version of the main module, its commit and the Go version. "go run"
// and builds with -buildvcs=false record no commit.
func describe(info *debug.BuildInfo) string {
	commit, changed := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " (modified)"
		}
	}
	return fmt.Sprintf("%s %s, commit %s%s, %s", info.Main.Path, info.Main.Version, commit, changed, info.GoVersion)
}
