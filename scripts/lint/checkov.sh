#!/usr/bin/env bash
# Runs a pinned checkov from the cache, without network: checkov.sh -f TEMPLATE...
set -euo pipefail

dir=$("$(dirname "$0")/../venv.sh" checkov 3.3.30)
exec "$dir/bin/checkov" --framework cloudformation --skip-download --quiet --compact "$@"
