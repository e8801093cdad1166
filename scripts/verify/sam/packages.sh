#!/usr/bin/env bash
# Installs packages on a Debian machine where a command is missing, which needs root:
# packages.sh COMMAND PACKAGE…
set -euo pipefail

command=${1:?usage: packages.sh COMMAND PACKAGE…}
shift
if command -v "$command" >/dev/null; then
	exit
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
	echo "$command is missing: install it, or run this as root on Debian (apt-get install $*)" >&2
	exit 1
fi
echo "sam: installing $*" >&2
apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
