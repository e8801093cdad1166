#!/usr/bin/env bash
# Checks the English of Markdown pages and Go comments with Vale and the style in
# scripts/lint/vale: vale.sh [FILE...] (default: every file that git tracks).
# Errors fail. Warnings (long sentences) fail when there are more of them than
# scripts/lint/vale/warnings allows, which is checked on the whole tree only.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v3.21.0
files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
	mapfile -t files < <(git ls-files '*.md' '*.go')
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
go run "github.com/vale-cli/vale/v3/cmd/vale@$version" --config scripts/lint/vale/vale.ini --output line "${files[@]}" >"$log" || status=$?
if [[ $status -ne 0 ]]; then
	grep -v ':Statgate.SentenceLength:' "$log" >&2 || cat "$log" >&2
	exit 1
fi
warnings=$(grep -c ':Statgate.SentenceLength:' "$log" || true)
allowed=$(<scripts/lint/vale/warnings)
if [[ $# -eq 0 && $warnings -gt $allowed ]]; then
	cat "$log" >&2
	echo "vale: $warnings sentences have more than 30 words; scripts/lint/vale/warnings allows $allowed" >&2
	exit 1
fi
echo "vale: 0 errors, $warnings long sentences in ${#files[@]} files"
