#!/usr/bin/env bash
# Runs a pinned Redocly CLI from the cache: scripts/lint/redocly.sh DOCUMENT...
# It applies the recommended rules with warnings as errors. Once installed, it makes no
# network requests.
set -euo pipefail

version=2.77.0
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	echo "redocly: needs node (20.19 or later) and npm: install them, then run this again" >&2
	exit 1
fi
dir=$("$(dirname "$0")/../npm.sh" "redocly-$version" "@redocly/cli@$version")
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
exec "$dir/node_modules/.bin/redocly" lint --extends=recommended-strict --format=stylish --max-problems=1000 "$@"
