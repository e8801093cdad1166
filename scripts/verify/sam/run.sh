#!/usr/bin/env bash
# Runs SAM CLI in the foreground: run.sh VENV ARGUMENT…
# It is killed when standard input ends. The caller has to remove its containers.
set -euo pipefail

venv=${1:?usage: run.sh VENV ARGUMENT…}
shift
exec "$(dirname "$0")/../tied.sh" "$venv/bin/sam" "$@"
