#!/usr/bin/env bash
# cfn-lint, pinned, from the cache: scripts/lint/cfn-lint.sh TEMPLATE...
set -euo pipefail

version=1.58.0
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/cfn-lint-$version
if [[ ! -e $dir/done ]]; then
	echo "cfn-lint: installing $version into $dir" >&2
	(
		flock 9 # a virtual environment knows its path, so it is made in place
		if [[ ! -e $dir/done ]]; then
			rm -rf "$dir"
			python3 -m venv "$dir"
			"$dir/bin/pip" install --quiet --disable-pip-version-check "cfn-lint==$version" >&2
			touch "$dir/done"
		fi
	) 9>"$(mkdir -p "$(dirname "$dir")" && echo "$dir.lock")"
fi
# W3005: CDK names dependencies that a reference implies already.
exec "$dir/bin/cfn-lint" --non-zero-exit-code error --ignore-checks W3005 --format parseable -- "$@"
