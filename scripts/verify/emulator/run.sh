#!/usr/bin/env bash
# Runs the emulator in the foreground on 127.0.0.1, or on the one address that
# STATGATE_EMULATOR_HOST names: run.sh PORT DIR. What it unpacks and remembers is
# in DIR. With STATGATE_EMULATOR_TIED set it ends, and whatever it started with it,
# when its standard input does.
set -euo pipefail

port=${1:?usage: run.sh PORT DIR}
dir=${2:?usage: run.sh PORT DIR}
venv=$("$(dirname "$0")/install.sh")
host=${STATGATE_EMULATOR_HOST:-127.0.0.1}
mkdir -p "$dir"
# It enforces IAM (AUTH) and runs functions as processes of this machine. Their
# own AWS_ENDPOINT_URL says where AWS is, which one of its own would override.
export GATEWAY_PORT=$port BIND_HOST=$host AUTH=true LAMBDA_EXECUTOR=local TMPDIR=$dir
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
unset AWS_ENDPOINT_URL AWS_PROFILE AWS_SESSION_TOKEN
if [[ -z ${STATGATE_EMULATOR_TIED:-} ]]; then
	exec "$venv/bin/ministack" </dev/null
fi
# The other end of standard input is whoever started this: however that process
# ends, the pipe does too. This shell leads the group of all that runs here.
exec 3<&0
(
	cat <&3 >/dev/null || true
	kill -KILL -- "-$$"
) &
exec "$venv/bin/ministack" 3<&- </dev/null
