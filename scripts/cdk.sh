#!/usr/bin/env bash
# Runs a pinned CDK CLI from the cache: scripts/cdk.sh synth -q -c contract=balla
set -euo pipefail
cd "$(dirname "$0")/.."

version=2.1148.1
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/aws-cdk-$version
if [[ ! -x $dir/node_modules/.bin/cdk ]]; then
	echo "cdk: installing aws-cdk $version into $dir" >&2
	tmp=$dir.$$
	trap 'rm -rf "$tmp"' EXIT
	mkdir -p "$tmp"
	npm install --prefix "$tmp" --no-audit --no-fund --loglevel=error "aws-cdk@$version" >&2
	# The rename is atomic: no run sees an incomplete installation, and the first of
	# two concurrent installations stays.
	if ! error=$(mv -T "$tmp" "$dir" 2>&1) && [[ ! -x $dir/node_modules/.bin/cdk ]]; then
		echo "cdk: moving the installation into place: $error" >&2
		exit 1
	fi
	rm -rf "$tmp"
fi
# Telemetry would report every run, from a process that outlives the command.
export CDK_DISABLE_CLI_TELEMETRY=${CDK_DISABLE_CLI_TELEMETRY:-true}
exec "$dir/node_modules/.bin/cdk" "$@"
