#!/usr/bin/env bash
# Installs the client generators into the cache, once each, and prints their places, one
# a line: npm packages, a Python environment, the jar of OpenAPI Generator, and Java.
# install.sh typescript prints the first alone.
set -euo pipefail
cd "$(dirname "$0")/../../.."

cache=${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}
packages=(openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 @types/node@20.19.0)
dir=$(scripts/npm.sh "clients-npm-$(printf '%s\n' "${packages[@]}" | cksum | cut -d' ' -f1)" "${packages[@]}")
echo "$dir"
if [[ ${1:-} == typescript ]]; then exit; fi

scripts/venv.sh openapi-python-client 0.29.1 urllib3==2.7.0 python-dateutil==2.9.0.post0
jar=$(scripts/venv.sh openapi-generator-cli 7.26.0)
find "$jar" -name openapi-generator.jar -print -quit
scripts/dynamodb-local/fetch.sh >&2 # which also fetches Java where it is missing
if [[ -x $cache/dynamodb-local/java/bin/java ]]; then echo "$cache/dynamodb-local/java/bin/java"; else command -v java; fi
