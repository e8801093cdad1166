#!/usr/bin/env bash
# Runs gofmt, go vet and staticcheck; cfn-lint and cdk-nag on the synthesised
# templates; govulncheck where its database is available.
set -euo pipefail
cd "$(dirname "$0")/../.."

unformatted=$(gofmt -l -- *.go authorizer functions infra scripts shared 2>/dev/null || true)
if [[ -n $unformatted ]]; then
	printf 'lint: run gofmt -w on these files:\n%s\n' "$unformatted" >&2
	exit 1
fi
go vet ./...
go tool staticcheck ./...

if [[ -z ${SUITE_FOLLOWS:-} ]]; then # the suite includes these tests
	go test ./infra/stack -run '^(TestCfnLintFindsNoError|TestTheStackBreaksNoRuleOfAwsSolutionsWithoutAReason)$'
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if go tool govulncheck ./... >"$log" 2>&1; then
	echo "lint: govulncheck found nothing"
elif grep -qE 'fetching vulnerabilities|vuln.*(dial|lookup|no such host|Forbidden|proxyconnect|EOF|timeout|refused)' "$log"; then
	echo "lint: skipping govulncheck: its database is not reachable"
else
	cat "$log" >&2
	exit 1
fi
