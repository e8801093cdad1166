#!/usr/bin/env bash
# Installs a pinned AWS CLI into the cache and prints the directory of its command.
# Only the test of the runbook needs it.
set -euo pipefail
echo "$("$(dirname "$0")/../../venv.sh" awscli 1.46.3)/bin"
