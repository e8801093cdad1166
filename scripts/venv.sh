#!/usr/bin/env bash
# A Python package, pinned, into a virtual environment of its own in the cache:
# venv.sh PACKAGE VERSION. Prints the environment's directory.
set -euo pipefail

package=${1:?usage: venv.sh PACKAGE VERSION}
version=${2:?usage: venv.sh PACKAGE VERSION}
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/$package-$version
if [[ ! -e $dir/done ]]; then
	mkdir -p "$(dirname "$dir")"
	(
		flock 9 # a virtual environment knows its path, so it is made in place
		if [[ ! -e $dir/done ]]; then
			echo "installing $package $version into $dir" >&2
			rm -rf "$dir"
			python3 -m venv "$dir"
			"$dir/bin/pip" install --quiet --disable-pip-version-check "$package==$version" >&2
			touch "$dir/done"
		fi
	) 9>"$dir.lock"
fi
echo "$dir"
