#!/usr/bin/env bash
# Installs what drives a browser into the cache, once, and prints three places, one a line: the
# npm packages, the browser's program, and a directory with what the program lacks on this
# machine (fonts, libraries), which is empty where it lacks nothing. The browser is Chromium or
# Chrome where one is installed, else a build from npm, which exists for Linux on x86-64.
set -euo pipefail
cd "$(dirname "$0")/../../.."

packages=(playwright-core@1.65.1 axe-core@4.14.1)
for name in chromium chromium-browser google-chrome google-chrome-stable; do
	if browser=$(command -v "$name"); then break; fi
done
if [[ -z $browser && $(uname -sm) != "Linux x86_64" ]]; then
	echo "console: needs a browser: install chromium or google-chrome, then run this again" >&2
	exit 1
fi
if [[ -z $browser ]]; then packages+=(@sparticuz/chromium@153.0.0); fi
dir=$(scripts/npm.sh "console-$(printf '%s\n' "${packages[@]}" | cksum | cut -d' ' -f1)" "${packages[@]}")
echo "$dir"
if [[ -n $browser ]]; then
	printf '%s\n\n' "$browser"
	exit
fi

# unpack writes the files of the browser's package beside it: once, and complete.
unpack() {
	local from=$dir/node_modules/@sparticuz/chromium/bin to=$dir/browser
	if [[ -e $to/done ]]; then return; fi
	rm -rf "$to" && mkdir -p "$to"
	local inflate='process.stdin.pipe(zlib.createBrotliDecompress()).pipe(process.stdout)'
	node -e "$inflate" <"$from/chromium.br" >"$to/chromium"
	chmod +x "$to/chromium"
	for part in fonts al2023; do node -e "$inflate" <"$from/$part.tar.br" | tar -x -C "$to"; done
	# its own file names directories of Lambda
	printf '<fontconfig><dir>%s</dir><cachedir>%s</cachedir></fontconfig>\n' "$to/fonts" "$to/fonts-cache" >"$to/fonts.conf"
	touch "$to/done"
}
(
	flock 9 # two test runs may unpack it at the same time
	unpack
) 9>"$dir/browser.lock"
echo "$dir/browser/chromium"
echo "$dir/browser"
