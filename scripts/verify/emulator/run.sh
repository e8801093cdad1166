#!/usr/bin/env bash
# Runs the emulator in the foreground on a port: run.sh PORT DIR
# It listens on 127.0.0.1, or on the one address in STATGATE_EMULATOR_HOST. DIR is for
# its temporary files. With STATGATE_EMULATOR_TIED set, the emulator and the processes
# that it started are killed when standard input ends.
set -euo pipefail

port=${1:?usage: run.sh PORT DIR}
dir=${2:?usage: run.sh PORT DIR}
venv=$("$(dirname "$0")/install.sh")
host=${STATGATE_EMULATOR_HOST:-127.0.0.1}
mkdir -p "$dir"
# AUTH enforces IAM; the local executor runs functions as processes of this machine.
# AWS_ENDPOINT_URL is unset because it would override the functions' own.
export GATEWAY_PORT=$port BIND_HOST=$host AUTH=true LAMBDA_EXECUTOR=local TMPDIR=$dir
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
unset AWS_ENDPOINT_URL AWS_PROFILE AWS_SESSION_TOKEN
if [[ -z ${STATGATE_EMULATOR_TIED:-} ]]; then
	exec "$venv/bin/ministack" </dev/null
fi
exec "$(dirname "$0")/../tied.sh" "$venv/bin/ministack"
