#!/usr/bin/env bash
# Runs the whole test suite, or the given packages. All packages share one DynamoDB
# Local; each test has its own table names. The end of the output lists skipped tests
# with their reasons.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${STATGATE_DATA:-../shared/data}
if [[ -d $data ]]; then
	STATGATE_DATA=$(cd "$data" && pwd)
	export STATGATE_DATA
elif [[ $# -eq 0 || " $* " == *" ./... "* ]]; then # some packages have no tests on real data
	echo "test: NOT RUN on real data: $data does not exist (set STATGATE_DATA); the tests use invented fixtures"
fi

if [[ -z ${STATGATE_DYNAMODB_URL:-} ]]; then
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	log=$(mktemp)
	scripts/dynamodb-local/run.sh "$port" >"$log" 2>&1 &
	server=$!
	trap 'kill "$server" 2>/dev/null || true; rm -f "$log"' EXIT
	for _ in $(seq 100); do
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
		if ! kill -0 "$server" 2>/dev/null; then
			cat "$log" >&2
			exit 1
		fi
		sleep 0.1
	done
	export STATGATE_DYNAMODB_URL="http://127.0.0.1:$port"
fi

# The binary itself: "go tool" exits with 0 if a signal ends the tool.
# Packages of a lane run one by one: all of them together would slow DynamoDB Local down
# until the gate times out.
gotestsum=$(go tool -n gotestsum)
# Without symbols, linking the tests takes half as long; make lint has run vet.
lane() { "$gotestsum" --format pkgname-and-test-fails -- -p 1 -timeout 18m -vet=off -ldflags="-s -w" "$@"; }

if [[ $# -gt 0 ]]; then
	lane "$@"
	exit
fi
# Each of these lanes has some packages that mostly wait: for functions that start in processes, for
# browsers and for quota windows. So the lanes run side by side on any number of
# cores. The packages that write much to DynamoDB Local are all in the lane of the suite.
packages=$(go list ./...)
emulated='scripts/verify/emulator$'
apart='/(authorizer|events|functions|infra|shared/(api|contract|humantext|ids|platform/(boot|edge|gateway|outputs|serve)|retry|telemetry))(/|$)|/scripts/(build|cost|docs|internal|lint|verify/(clients|console|mcp|runbook|sam))(/|$)'
suite='scripts/verify/e2e$'
mapfile -t first < <(grep -E "$emulated" <<<"$packages")
mapfile -t second < <(grep -E "$apart" <<<"$packages" | grep -vE "$emulated")
mapfile -t third < <(grep -vE "$emulated|$apart|$suite" <<<"$packages")
lane -parallel 8 "${first[@]}" &
lanes=($!)
lane "${second[@]}" &
lanes+=($!)
status=0
lane -parallel 8 "$(grep -E "$suite" <<<"$packages")" || status=$?
lane "${third[@]}" || status=$?
for l in "${lanes[@]}"; do
	wait "$l" || status=$?
done
exit "$status"
