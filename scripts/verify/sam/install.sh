#!/usr/bin/env bash
# SAM CLI, pinned, into the cache; prints its virtual environment.
set -euo pipefail
exec "$(dirname "$0")/../../venv.sh" aws-sam-cli 1.170.0
