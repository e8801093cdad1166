#!/usr/bin/env bash
# golangci-lint, pinned, with .golangci.yml: golangci.sh [PACKAGE...] (default ./...)
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v2.15.0
exec go run "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version" run "${@:-./...}"
