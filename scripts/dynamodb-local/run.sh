#!/usr/bin/env bash
# Runs DynamoDB Local in memory, in the foreground, on a port: run.sh 8000
set -euo pipefail

port=${1:?usage: run.sh PORT}
dir="${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/dynamodb-local"
if [ ! -d "$dir/lib" ]; then
  echo "dynamodb-local: not found in $dir: run make dynamodb-local" >&2
  exit 1
fi
java=java
if [ -x "$dir/java/bin/java" ]; then java=$dir/java/bin/java; fi
exec "$java" "-Djava.library.path=$dir/lib" -cp "$dir/lib/*" \
  com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -disableTelemetry -port "$port"
