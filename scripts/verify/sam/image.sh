#!/usr/bin/env bash
# Makes sure of the image on which SAM runs the functions: image.sh x86_64|arm64.
# Where it cannot be pulled it is made of Debian: the functions are static
# binaries, and SAM adds the runtime emulator that it ships.
set -euo pipefail

arch=${1:?usage: image.sh x86_64|arm64}
image=public.ecr.aws/lambda/provided:al2023-$arch
debian=bookworm
declare -A platforms=([x86_64]=amd64 [arm64]=arm64)
platform=${platforms[$arch]:?usage: image.sh x86_64|arm64}

if docker image inspect "$image" >/dev/null 2>&1; then
	exit
fi
if why=$(timeout 300 docker pull --quiet --platform "linux/$platform" "$image" 2>&1); then
	exit
fi
if [[ $(id -u) != 0 ]]; then
	printf '%s cannot be pulled (%s), and only root can make it of Debian\n' "$image" "$why" >&2
	exit 1
fi
"$(dirname "$0")/packages.sh" debootstrap debootstrap
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
echo "sam: $image cannot be pulled; making it of Debian $debian" >&2
# The first stage unpacks the packages. They are not set up: nothing of them runs
# but the shell, mv and chmod, with which SAM puts its emulator in place.
debootstrap --foreign --variant=minbase --arch="$platform" "$debian" "$root/system" >"$root/log" 2>&1 || {
	cat "$root/log" >&2
	exit 1
}
tar -C "$root/system" -c . | docker import - "$image" >/dev/null
