#!/usr/bin/env bash
# Every linter: golangci-lint (with gofmt, go vet and staticcheck), Vale, the types of the
# console's page, cfn-lint, checkov and cdk-nag on the synthesised templates, and govulncheck where its database
# can be reached.
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/lint/golangci.sh
scripts/lint/vale.sh
scripts/console/types.sh

if [[ -z ${SUITE_FOLLOWS:-} ]]; then # the whole suite contains these tests
	go test ./scripts/lint
	go test ./infra/stack -run '^(TestCfnLintFindsNoError|TestCheckovFindsNothingWithoutAReason|TestTheStackBreaksNoRuleOfAwsSolutionsWithoutAReason)$'
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if "$(go tool -n govulncheck)" ./... >"$log" 2>&1; then
	echo "lint: govulncheck found nothing"
elif grep -qE 'fetching vulnerabilities|vuln.*(dial|lookup|no such host|Forbidden|proxyconnect|EOF|timeout|refused)' "$log"; then
	echo "lint: skipping govulncheck: its database is not reachable"
else
	cat "$log" >&2
	exit 1
fi
