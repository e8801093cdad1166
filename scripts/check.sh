#!/usr/bin/env bash
# Lints and tests one package, side by side: check.sh ./shared/access/gate
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $# -ne 1 || -z $1 ]]; then
	echo "check: name one package: make check PKG=./shared/access/gate" >&2
	exit 2
fi
files=$(go list -f '{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}} {{end}}{{range .TestGoFiles}}{{$d}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$d}}/{{.}} {{end}}' "$1")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # file names of Go packages have no spaces
(scripts/lint/golangci.sh "$1" && scripts/lint/vale.sh $files) >"$log" 2>&1 &
lint=$!
status=0
scripts/test.sh "$1" || status=1
if ! wait "$lint"; then status=1; fi
cat "$log"
exit "$status"
