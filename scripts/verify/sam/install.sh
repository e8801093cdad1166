#!/usr/bin/env bash
# Installs a pinned SAM CLI into the cache and prints the directory of its virtual
# environment.
set -euo pipefail
exec "$(dirname "$0")/../../venv.sh" aws-sam-cli 1.170.0
