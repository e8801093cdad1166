#!/usr/bin/env bash
# The AWS CLI, pinned, into the cache; prints the directory of its command. Only
# the runbook's commands want it, and who has one of their own need not have this.
set -euo pipefail
echo "$("$(dirname "$0")/../../venv.sh" awscli 1.46.3)/bin"
