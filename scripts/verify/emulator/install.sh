#!/usr/bin/env bash
# The CloudFormation emulator, pinned, into the cache; prints its virtual environment.
set -euo pipefail
exec "$(dirname "$0")/../../venv.sh" ministack 1.5.33
