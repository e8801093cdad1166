package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"statgate/scripts/verify/internal/rig"
	"statgate/shared/platform/outputs"
)

// target is the deployment of one contract on an emulator.
type target struct {
	emulator               *emulator
	contract, stack, state string
	context                []string // additional CDK context, as name=value
}

// stackOf returns the default name of a contract's stack.
func stackOf(contract string) string {
	if contract == "statgate" {
		return "Statgate"
	}
	return "Statgate-" + strings.NewReplacer("_", "-", ".", "-").Replace(contract)
}

// up deploys the stack, fills the stats table, makes the operator and the keys of the
// demo organisation, and returns the path of the credentials file.
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

// deploy deploys the stack. It bootstraps the account first where that is missing.
func (t target) deploy(ctx context.Context) error {
	if _, err := outputs.Read(ctx, t.emulator.config(), "CDKToolkit"); err != nil && strings.Contains(err.Error(), "does not exist") {
		if err := t.cdk(ctx, "bootstrap", "aws://"+rig.Account+"/"+rig.Region, "--app", ""); err != nil {
			return err
		}
	}
	if err := t.cdk(ctx, append([]string{"deploy", "--require-approval", "never"}, t.app()...)...); err != nil {
		return err
	}
	return t.allowBatches(ctx)
}

// destroy deletes the stack, as the last deployment synthesised it. Retained resources stay.
func (t target) destroy(ctx context.Context) error {
	if _, err := os.Stat(t.assembly()); err != nil {
		return t.cdk(ctx, append([]string{"destroy", "--force"}, t.app()...)...)
	}
	return t.cdk(ctx, "destroy", "--force", "--app", t.assembly(), t.stack)
}

// assembly is the CDK's output directory for this deployment alone, because the CDK locks it.
func (t target) assembly() string { return filepath.Join(t.state, "cdk.out."+t.stack) }

// app returns the arguments of the CDK commands that synthesise the stack: the output directory
// and the context.
func (t target) app() []string {
	args := []string{"--output", t.assembly(),
		"-c", "contract=" + t.contract, "-c", "stack=" + t.stack, "-c", "arch=" + rig.HostArch(), "-c", "endpoint=" + t.emulator.URL,
		"-c", "build=" + filepath.Join(t.state, "build."+t.stack),
		// The emulator's edge cannot reach an API, so the default is edge=false. Every
		// transport can then be tested. Its API cannot flush cached policies, so their TTL
		// is short. A key that gains scopes can then be tested.
		"-c", "edge=false", "-c", "policy_ttl=20", "-c", "replays=true"}
	for _, c := range t.context {
		args = append(args, "-c", c)
	}
	return args
}

// cdk runs the CDK CLI against the emulator and appends its output to the stack's log.
func (t target) cdk(ctx context.Context, args ...string) error {
	printed, err := t.output(ctx, "scripts/cdk.sh", append([]string{"--ci", "--progress", "events"}, args...)...)
	if err != nil {
		return err
	}
	log, err := t.logFile()
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.WriteString(log, printed)
	return err
}

func (t target) logFile() (*os.File, error) {
	log, err := os.OpenFile(filepath.Join(t.state, t.stack+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return log, nil
}

// output runs a command of this module against the emulator and returns what it
// printed, which may be a key. Its standard error goes to the stack's log and, where
// the command fails, to the error.
func (t target) output(ctx context.Context, name string, args ...string) (string, error) {
	log, err := t.logFile()
	if err != nil {
		return "", err
	}
	defer log.Close()
	fmt.Fprintf(log, "$ %s %s\n", name, strings.Join(args, " "))
	return rig.Output(ctx, t.emulator.environment(), log, name, args...)
}

// environment returns this process's environment with the emulator as AWS and with
// the emulator's credentials.
func (e *emulator) environment() []string {
	return rig.EmulatorEnvironment("CDK_", "AWS_ENDPOINT_URL="+e.URL, "AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_VERSION_CHECK=1")
}

// config reaches the emulator's AWS as the root of its account.
func (e *emulator) config() aws.Config { return rig.EmulatorConfig(e.URL) }

// base returns the address of the API with the contract's base path. It is the API's
// own address even with an edge, because the emulator's edge cannot reach an API.
func (e *emulator) base(s outputs.Stack) (string, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", fmt.Errorf("reading the stack's URL: %w", err)
	}
	path := strings.TrimPrefix(u.Path, "/"+s.Environment)
	return e.URL + "/restapis/" + s.API + "/" + s.Environment + "/_user_request_" + path, nil
}
