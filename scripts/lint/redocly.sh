#!/usr/bin/env bash
# Runs a pinned Redocly CLI from the cache: scripts/lint/redocly.sh DOCUMENT...
# It applies the recommended rules with warnings as errors. Once installed, it makes no
# network requests.
set -euo pipefail

version=2.77.0
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/redocly-$version
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	echo "redocly: needs node (20.19 or later) and npm: install them, then run this again" >&2
	exit 1
fi
if [[ ! -e $dir/done ]]; then
	mkdir -p "$(dirname "$dir")"
	(
		flock 9 # two test runs may install it at the same time
		if [[ ! -e $dir/done ]]; then
			echo "redocly: installing $version into $dir" >&2
			rm -rf "$dir"
			mkdir -p "$dir"
			npm install --prefix "$dir" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "@redocly/cli@$version" >&2
			touch "$dir/done"
		fi
	) 9>"$dir.lock"
fi
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
exec "$dir/node_modules/.bin/redocly" lint --extends=recommended-strict --format=stylish --max-problems=1000 "$@"
