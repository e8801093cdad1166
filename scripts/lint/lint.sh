#!/usr/bin/env bash
# gofmt, go vet, staticcheck; cfn-lint and cdk-nag on the synthesised templates;
# govulncheck where its database can be had.
set -euo pipefail
cd "$(dirname "$0")/../.."

unformatted=$(gofmt -l -- *.go authorizer functions infra scripts shared 2>/dev/null || true)
if [[ -n $unformatted ]]; then
	printf 'lint: gofmt these:\n%s\n' "$unformatted" >&2
	exit 1
fi
go vet ./...
go tool staticcheck ./...

if [[ -z ${SUITE_FOLLOWS:-} ]]; then # which has these tests
	go test ./infra/stack -run '^(TestCfnLintFindsNoError|TestTheStackBreaksNoRuleOfAwsSolutionsWithoutAReason)$'
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if go tool govulncheck ./... >"$log" 2>&1; then
	echo "lint: govulncheck found nothing"
elif grep -qE 'fetching vulnerabilities|vuln.*(dial|lookup|no such host|Forbidden|proxyconnect|EOF|timeout|refused)' "$log"; then
	echo "lint: govulncheck was left out: its database cannot be reached from here"
else
	cat "$log" >&2
	exit 1
fi
