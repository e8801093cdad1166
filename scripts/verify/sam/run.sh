#!/usr/bin/env bash
# Runs SAM CLI in the foreground: run.sh VENV ARGUMENTS… It ends when its standard
# input does. Its containers are whoever's started it to remove.
set -euo pipefail

venv=${1:?usage: run.sh VENV ARGUMENTS…}
shift
# The other end of standard input is whoever started this: however that process
# ends, the pipe does too. This shell leads the group of all that runs here.
exec 3<&0
(
	cat <&3 >/dev/null || true
	kill -KILL -- "-$$"
) &
exec "$venv/bin/sam" "$@" 3<&- </dev/null
