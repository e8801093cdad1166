// Package rig holds what the test rigs in scripts/verify share: the frame of a
// command, the processes that it starts, and access to an emulator of AWS.
package rig

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // kick-off times need time zones that this machine may not have

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// The account that the emulator uses, and the region that the rigs use in it.
const (
	Account = "000000000000"
	Region  = "us-east-1"
)

// Main runs a command until it returns or the process is interrupted. It exits with
// status 1 on an error, which it prints after the command's name. A request for help
// is not an error.
func Main(name string, run func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Parse parses a command line of the form "COMMAND [flags]" and returns the command.
// Without arguments it prints the usage and returns [flag.ErrHelp].
func Parse(f *flag.FlagSet, commands string, args []string) (command string, err error) {
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "usage: %s %s [flags]\n", f.Name(), commands)
		f.PrintDefaults()
	}
	if len(args) == 0 {
		f.Usage()
		return "", flag.ErrHelp
	}
	if err := f.Parse(args[1:]); err != nil {
		return "", err
	}
	if f.NArg() > 0 {
		return "", fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return args[0], nil
}

// ModuleRoot returns the directory of go.mod: the working directory or its nearest
// parent that has one. Tests run in the directory of their package.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("run this inside the module")
		}
		dir = filepath.Dir(dir)
	}
	return "", fmt.Errorf("looking for go.mod: %w", err)
}

// FreePort returns a TCP port on which nothing listens at an address of this machine.
func FreePort(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// HostArch returns Lambda's name of this machine's architecture.
func HostArch() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// Answers reports whether a GET of the URL is answered with 200 within two seconds.
func Answers(ctx context.Context, url string) bool { return status(ctx, url) == http.StatusOK }

// Responds reports whether a GET of the URL has any answer within two seconds.
func Responds(ctx context.Context, url string) bool { return status(ctx, url) != 0 }

// status returns the status of the answer to a GET, 0 without an answer in time.
func status(ctx context.Context, url string) int {
	within, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(within, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	got.Body.Close()
	return got.StatusCode
}

// EmulatorAnswers reports whether the emulator of AWS at a URL is ready.
func EmulatorAnswers(ctx context.Context, url string) bool {
	return Answers(ctx, url+"/_ministack/health")
}

// EmulatorConfig returns a configuration that reaches the emulator of AWS at a URL as
// the root of its account.
func EmulatorConfig(url string) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

// EmulatorEnvironment returns this process's environment without the variables of the
// given prefix and without those of any AWS account. The emulator accepts the
// credentials that it has instead.
func EmulatorEnvironment(without string, more ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, without) {
			env = append(env, v)
		}
	}
	env = append(env, "AWS_REGION="+Region, "AWS_DEFAULT_REGION="+Region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	return append(env, more...)
}
