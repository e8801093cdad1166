#!/usr/bin/env bash
# Runs a Docker engine in the foreground, where none answers. It ends, and its
# containers with it, when its standard input does.
set -euo pipefail

"$(dirname "$0")/packages.sh" dockerd docker.io iptables
if docker version >/dev/null 2>&1; then # the package may have started it
	exec cat >/dev/null
fi
exec 3<&0
dockerd </dev/null 3<&- &
engine=$!
(
	cat <&3 >/dev/null || true
	kill -TERM "$engine" 2>/dev/null || true
) &
trap 'kill -TERM "$engine" 2>/dev/null || true' TERM INT
wait "$engine"
