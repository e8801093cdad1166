#!/usr/bin/env bash
# Installs a pinned CloudFormation emulator into the cache and prints the directory of
# its virtual environment.
set -euo pipefail
exec "$(dirname "$0")/../../venv.sh" ministack 1.5.33
