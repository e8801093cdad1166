#!/usr/bin/env bash
# The whole test suite. One DynamoDB Local serves every package; tables have
# names of their own. Skipped tests are listed at the end with their reasons.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${STATGATE_DATA:-../shared/data}
if [[ -d $data ]]; then
	STATGATE_DATA=$(cd "$data" && pwd)
	export STATGATE_DATA
else
	echo "test: NOT RUN on real data: $data is missing (set STATGATE_DATA); invented fixtures are used instead"
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

# One package at a time: the proofs under load want both cores, and each other's
# load would make DynamoDB Local answer later than any gate waits.
go tool gotestsum --format pkgname-and-test-fails -- -p 1 -timeout 18m "${@:-./...}"
