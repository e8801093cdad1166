#!/usr/bin/env bash
# Provides the image in which SAM runs the functions: image.sh x86_64|arm64
# Where it cannot be pulled, it is built from Debian. That works because the functions
# are static binaries and SAM adds its own runtime emulator.
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
	printf '%s cannot be pulled (%s): pull it, or run this as root to build it from Debian\n' "$image" "$why" >&2
	exit 1
fi
"$(dirname "$0")/packages.sh" debootstrap debootstrap
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
echo "sam: $image cannot be pulled; building it from Debian $debian" >&2
# The first stage only unpacks the packages. That is enough: SAM runs just the shell,
# mv and chmod of the image, to install its emulator.
debootstrap --foreign --variant=minbase --arch="$platform" "$debian" "$root/system" >"$root/log" 2>&1 || {
	cat "$root/log" >&2
	exit 1
}
tar -C "$root/system" -c . | docker import - "$image" >/dev/null
