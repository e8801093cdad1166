#!/usr/bin/env bash
# Runs a Docker engine in the foreground where none answers. The engine and its
# containers end when standard input does.
set -euo pipefail

"$(dirname "$0")/packages.sh" dockerd docker.io iptables
if docker version >/dev/null 2>&1; then # installing the package may have started it
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
