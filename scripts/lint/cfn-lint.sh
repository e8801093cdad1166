#!/usr/bin/env bash
# Runs a pinned cfn-lint from the cache: scripts/lint/cfn-lint.sh TEMPLATE...
set -euo pipefail

dir=$("$(dirname "$0")/../venv.sh" cfn-lint 1.58.0)
# W3005: the CDK states dependencies that a reference already implies.
exec "$dir/bin/cfn-lint" --non-zero-exit-code error --ignore-checks W3005 --format parseable -- "$@"
