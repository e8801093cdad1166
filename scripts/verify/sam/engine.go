package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"statgate/scripts/verify/internal/rig"
)

// errNoEngine means that SAM cannot run without a Docker engine.
var errNoEngine = errors.New("no Docker engine answers")

const (
	// engineStartTimeout allows for the installation of the engine.
	engineStartTimeout = 5 * time.Minute
	// engineStopTimeout allows for the engine to stop its containers.
	engineStopTimeout = 30 * time.Second
)

// startEngine makes sure that a Docker engine answers. Where none does, root starts
// one, which the returned function stops.
func startEngine(ctx context.Context, dir string, log io.Writer) (stop func(), err error) {
	if engineAnswers(ctx) {
		return func() {}, nil
	}
	switch host := os.Getenv("DOCKER_HOST"); {
	case host != "":
		return nil, fmt.Errorf("%w at DOCKER_HOST=%s: start it, or unset DOCKER_HOST", errNoEngine, host)
	case runtime.GOOS != "linux" || os.Geteuid() != 0:
		return nil, fmt.Errorf("%w: start one, or run this as root on Linux", errNoEngine)
	}
	fmt.Fprintln(log, "sam: no Docker engine answers; starting one")
	p, err := rig.Start(rig.Script{File: "scripts/verify/sam/dockerd.sh", Log: filepath.Join(dir, "dockerd.log")})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoEngine, err)
	}
	stop = func() { p.End(engineStopTimeout) }
	if err := p.Await(ctx, engineStartTimeout, engineAnswers); err != nil {
		stop()
		return nil, fmt.Errorf("%w: %w", errNoEngine, err)
	}
	return stop, nil
}

func engineAnswers(ctx context.Context) bool {
	_, err := docker(ctx, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

func docker(ctx context.Context, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, stderr.String())
	}
	return strings.TrimSpace(string(printed)), nil
}

// bridge returns the address at which containers reach this machine by the name
// host.docker.internal. It is the address of Docker's bridge, which is not routed
// from other machines. An engine in a virtual machine has no bridge here; it
// forwards to 127.0.0.1.
func bridge() string {
	if i, err := net.InterfaceByName("docker0"); err == nil {
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
				return n.IP.String()
			}
		}
	}
	return "127.0.0.1"
}

// removeContainers removes the containers in which SAM ran functions of a directory.
func removeContainers(ctx context.Context, dir string) error {
	all, err := docker(ctx, "ps", "--all", "--quiet", "--filter", "label=sam.cli.container.type=lambda")
	if err != nil || all == "" {
		return err
	}
	mounts, err := docker(ctx, append([]string{"inspect", "--format", "{{.Id}}{{range .Mounts}} {{.Source}}{{end}}"}, strings.Fields(all)...)...)
	if err != nil {
		return err
	}
	var ours []string
	for _, line := range strings.Split(mounts, "\n") {
		id, mounted, _ := strings.Cut(line, " ")
		if strings.HasPrefix(mounted, dir+string(filepath.Separator)) {
			ours = append(ours, id)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	_, err = docker(ctx, append([]string{"rm", "--force", "--volumes"}, ours...)...)
	return err
}
