#!/usr/bin/env bash
# SAM CLI, pinned, into the cache; prints its virtual environment.
set -euo pipefail

version=1.170.0
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/aws-sam-cli-$version
if [[ ! -e $dir/done ]]; then
	mkdir -p "$(dirname "$dir")"
	(
		flock 9 # a virtual environment knows its path, so it is made in place
		if [[ ! -e $dir/done ]]; then
			echo "sam: installing aws-sam-cli $version into $dir" >&2
			rm -rf "$dir"
			python3 -m venv "$dir"
			"$dir/bin/pip" install --quiet --disable-pip-version-check "aws-sam-cli==$version" >&2
			touch "$dir/done"
		fi
	) 9>"$dir.lock"
fi
echo "$dir"
