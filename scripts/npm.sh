#!/usr/bin/env bash
# Installs npm packages into a directory of the cache, once, and prints the directory:
# npm.sh NAME PACKAGE@VERSION... installs those, and npm.sh NAME DIR the packages of the
# lock file in DIR.
set -euo pipefail

name=${1:?usage: npm.sh NAME PACKAGE@VERSION... or npm.sh NAME DIR}
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/$name
if [[ ! -e $dir/done ]]; then
	mkdir -p "$(dirname "$dir")"
	(
		flock 9 # two test runs may install it at the same time
		if [[ ! -e $dir/done ]]; then
			echo "installing ${*:2} into $dir" >&2
			rm -rf "$dir"
			mkdir -p "$dir"
			if [[ -d ${2-} ]]; then
				cp "$2/package.json" "$2/package-lock.json" "$dir"
				npm ci --prefix "$dir" --no-audit --no-fund --ignore-scripts --loglevel=error >&2
			else
				npm install --prefix "$dir" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "${@:2}" >&2
			fi
			touch "$dir/done"
		fi
	) 9>"$dir.lock"
fi
echo "$dir"
