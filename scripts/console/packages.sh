#!/usr/bin/env bash
# Installs the packages of the console's lock file into the cache, once per content of the
# file, and prints their node_modules directory. A link beside the sources lets the type
# checker and editors find them. Once installed, it makes no network requests.
set -euo pipefail
cd "$(dirname "$0")/../.."

web=functions/console/web
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	echo "console: needs node (20.19 or later) and npm: install them, then run this again" >&2
	exit 1
fi
sum=$(cat "$web/package.json" "$web/package-lock.json" | cksum | cut -d' ' -f1)
dir=$(scripts/npm.sh "console-$sum" "$web")/node_modules
if [[ $(readlink "$web/node_modules") != "$dir" ]]; then
	ln -sfn "$dir" "$web/node_modules"
fi
echo "$dir"
