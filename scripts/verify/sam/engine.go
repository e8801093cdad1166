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
)

// errNoEngine is why SAM cannot run here at all.
var errNoEngine = errors.New("no Docker engine answers")

const (
	// enginePatience is for an engine that has to be installed first.
	enginePatience = 5 * time.Minute
	// engineEnd is what an engine may take to stop its containers.
	engineEnd = 30 * time.Second
)

// startEngine makes sure that a Docker engine answers. Where none does, root starts
// one, which ends by the returned function.
func startEngine(ctx context.Context, dir string, log io.Writer) (end func(), err error) {
	if engineAnswers(ctx) {
		return func() {}, nil
	}
	switch host := os.Getenv("DOCKER_HOST"); {
	case host != "":
		return nil, fmt.Errorf("%w at DOCKER_HOST=%s", errNoEngine, host)
	case runtime.GOOS != "linux" || os.Geteuid() != 0:
		return nil, fmt.Errorf("%w, and only root on Linux can start one", errNoEngine)
	}
	fmt.Fprintln(log, "sam: no Docker engine answers; starting one")
	p, err := begin(dir, "sam/dockerd.sh", os.Environ())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoEngine, err)
	}
	end = func() { p.end(engineEnd) }
	if err := p.await(ctx, enginePatience, engineAnswers); err != nil {
		end()
		return nil, fmt.Errorf("%w: %w", errNoEngine, err)
	}
	return end, nil
}

func engineAnswers(ctx context.Context) bool {
	_, err := docker(ctx, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

func docker(ctx context.Context, args ...string) (string, error) {
	var said strings.Builder
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stderr = &said
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, said.String())
	}
	return strings.TrimSpace(string(printed)), nil
}

// bridge is the address at which containers reach this machine by the name of
// host.docker.internal: of its bridge, which no other machine is sent to. An engine
// that lives in a virtual machine has none here and forwards to 127.0.0.1.
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

// removeContainers removes the containers that SAM made of the functions in a
// directory.
func removeContainers(ctx context.Context, dir string) error {
	all, err := docker(ctx, "ps", "--all", "--quiet", "--filter", "label=sam.cli.container.type=lambda")
	if err != nil || all == "" {
		return err
	}
	told, err := docker(ctx, append([]string{"inspect", "--format", "{{.Id}}{{range .Mounts}} {{.Source}}{{end}}"}, strings.Fields(all)...)...)
	if err != nil {
		return err
	}
	var ours []string
	for _, line := range strings.Split(told, "\n") {
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
