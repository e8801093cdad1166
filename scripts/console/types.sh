#!/usr/bin/env bash
# Checks the types of the console's sources.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=$(scripts/console/packages.sh)
exec node "$packages/typescript/bin/tsc" --noEmit -p functions/console/web
