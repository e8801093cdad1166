#!/usr/bin/env bash
# Installs a version of a Python package into its own virtual environment in the cache,
# once, and prints the environment's directory: venv.sh PACKAGE VERSION [REQUIREMENT...]
set -euo pipefail

package=${1:?usage: venv.sh PACKAGE VERSION [REQUIREMENT...]}
version=${2:?usage: venv.sh PACKAGE VERSION [REQUIREMENT...]}
dir=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/$package-$version
if [[ ! -e $dir/done ]]; then
	mkdir -p "$(dirname "$dir")"
	(
		flock 9 # a virtual environment contains its path, so it cannot be moved into place
		if [[ ! -e $dir/done ]]; then
			echo "installing $package $version into $dir" >&2
			rm -rf "$dir"
			python3 -m venv "$dir"
			"$dir/bin/pip" install --quiet --disable-pip-version-check "$package==$version" "${@:3}" >&2
			touch "$dir/done"
		fi
	) 9>"$dir.lock"
fi
echo "$dir"
