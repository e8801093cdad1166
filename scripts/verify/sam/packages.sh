#!/usr/bin/env bash
# Makes sure of a command on a Debian machine: packages.sh COMMAND PACKAGE…
# It installs the packages where the command is missing, and only as root.
set -euo pipefail

command=${1:?usage: packages.sh COMMAND PACKAGE…}
shift
if command -v "$command" >/dev/null; then
	exit
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
	echo "there is no $command, and only root on Debian can have it installed: apt-get install $*" >&2
	exit 1
fi
echo "sam: installing $*" >&2
apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
