#!/usr/bin/env bash
# Runs a command until it ends or standard input does: tied.sh COMMAND ARGUMENT…
# The caller holds the other end of standard input, so the command cannot outlive it,
# even if it is killed. This process must lead its process group: all of the group is
# killed when standard input ends.
set -euo pipefail

exec 3<&0
(
	cat <&3 >/dev/null || true
	kill -KILL -- "-$$"
) &
exec "$@" 3<&- </dev/null
