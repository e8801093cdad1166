package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"statgate/shared/platform/outputs"
)

// What the emulator takes for an account, and where the stack is deployed.
const (
	account = "000000000000"
	region  = "us-east-1"
)

// target is one contract's deployment on an emulator.
type target struct {
	emulator               *emulator
	contract, stack, state string
	context                []string // more context, as name=value
	log                    io.Writer
}

// stackOf is the default stack of a contract.
func stackOf(contract string) string {
	if contract == "statgate" {
		return "Statgate"
	}
	return "Statgate-" + strings.NewReplacer("_", "-", ".", "-").Replace(contract)
}

// up deploys, makes the operator and the demo's keys, fills the stats table, and
// returns the credentials file.
func (t target) up(ctx context.Context) (string, error) {
	if err := t.deploy(ctx); err != nil {
		return "", err
	}
	found, err := outputs.Read(ctx, t.emulator.config(), t.stack)
	if err != nil {
		return "", err
	}
	if err := t.fill(ctx, found); err != nil {
		return "", err
	}
	return t.credentials(ctx, found)
}

// deploy bootstraps the account, where that was not done, and deploys the stack.
func (t target) deploy(ctx context.Context) error {
	if _, err := outputs.Read(ctx, t.emulator.config(), "CDKToolkit"); err != nil && strings.Contains(err.Error(), "does not exist") {
		if err := t.cdk(ctx, "bootstrap", "aws://"+account+"/"+region, "--app", ""); err != nil {
			return err
		}
	}
	if err := t.cdk(ctx, append([]string{"deploy", "--require-approval", "never"}, t.app()...)...); err != nil {
		return err
	}
	return t.allowBatches(ctx)
}

// destroy takes the stack down. What is retained stays.
func (t target) destroy(ctx context.Context) error {
	return t.cdk(ctx, append([]string{"destroy", "--force"}, t.app()...)...)
}

// app is what every command about the stack needs: the context, and an output of
// this deployment's own, as the CDK locks it.
func (t target) app() []string {
	args := []string{"--output", filepath.Join(t.state, "cdk.out."+t.stack),
		"-c", "contract=" + t.contract, "-c", "stack=" + t.stack, "-c", "arch=" + hostArch(), "-c", "endpoint=" + t.emulator.URL,
		"-c", "build=" + filepath.Join(t.state, "build."+t.stack),
		// The emulator's edge reaches no API, and its API flushes no policies: without
		// the one, every transport can be tried; with short lives, a widening too.
		"-c", "edge=false", "-c", "policy_ttl=20"}
	for _, c := range t.context {
		args = append(args, "-c", c)
	}
	return args
}

// hostArch is what Lambda calls this machine's architecture.
func hostArch() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// cdk runs the CDK's CLI against the emulator. Its output is kept for the case
// that it fails.
func (t target) cdk(ctx context.Context, args ...string) error {
	told, err := t.output(ctx, "scripts/cdk.sh", append([]string{"--ci", "--progress", "events"}, args...)...)
	if err != nil {
		return err
	}
	log, err := t.logFile()
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.WriteString(log, told)
	return err
}

func (t target) logFile() (*os.File, error) {
	log, err := os.OpenFile(filepath.Join(t.state, t.stack+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keeping a log: %w", err)
	}
	return log, nil
}

// output runs a command of this module against the emulator and returns what it
// printed, which may be a key. What it says beside goes to a log file and, where it
// fails, to the error.
func (t target) output(ctx context.Context, name string, args ...string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	log, err := t.logFile()
	if err != nil {
		return "", err
	}
	defer log.Close()
	fmt.Fprintf(log, "$ %s %s\n", name, strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = root
	cmd.Env = t.emulator.environment()
	var printed, said strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, io.MultiWriter(log, &said)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, args[0], err, said.String(), printed.String())
	}
	return printed.String(), nil
}

// environment is this process's, with the emulator for AWS and nobody's account.
func (e *emulator) environment() []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "CDK_") {
			kept = append(kept, v)
		}
	}
	return append(kept, "AWS_ENDPOINT_URL="+e.URL, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_VERSION_CHECK=1")
}

// config reaches the emulator's AWS as its account's root.
func (e *emulator) config() aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &e.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

// base is the API's address with the contract's base path. It is the API's own
// where an edge stands before it: the emulator's edge reaches no API.
func (e *emulator) base(s outputs.Stack) (string, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", fmt.Errorf("reading the stack's URL: %w", err)
	}
	path := strings.TrimPrefix(u.Path, "/"+s.Environment)
	return e.URL + "/restapis/" + s.API + "/" + s.Environment + "/_user_request_" + path, nil
}
