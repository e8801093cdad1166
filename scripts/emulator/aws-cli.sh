#!/usr/bin/env bash
# The AWS CLI, pinned, into the cache; prints the directory of its command. Only
# the runbook's commands want it, and who has one of their own need not have this.
set -euo pipefail

version=1.46.3
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/aws-cli-$version
if [[ ! -e $dir/done ]]; then
	mkdir -p "$(dirname "$dir")"
	(
		flock 9 # a virtual environment knows its path, so it is made in place
		if [[ ! -e $dir/done ]]; then
			echo "emulator: installing awscli $version into $dir" >&2
			rm -rf "$dir"
			python3 -m venv "$dir"
			"$dir/bin/pip" install --quiet --disable-pip-version-check "awscli==$version" >&2
			touch "$dir/done"
		fi
	) 9>"$dir.lock"
fi
echo "$dir/bin"
