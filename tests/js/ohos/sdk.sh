#!/usr/bin/env bash
# sdk.sh DIR: makes a folder that looks like the native SDK of OpenHarmony, DIR/sdk, and prints its name. It contains clang and
# lld of this machine, and musl for arm64 from Debian (headers and C library), because HarmonyOS uses musl. It also contains the
# headers of the kernel and of Node, and stub libraries of HarmonyOS without code. A link succeeds only if musl or OpenHarmony
# exports each function.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: sdk.sh DIR" >&2; exit 2; }
mkdir -p "$1"
work=$(cd "$1" && pwd)

die() {
    echo "sdk.sh: $*" >&2
    exit 1
}

# The folder is made again when this script or the list has changed.
stamp=$(cat "$0" "$(dirname "$0")/napi_functions.txt" | sha256sum)
[ "$(cat "$work/sdk/stamp" 2>/dev/null)" != "$stamp" ] || { echo "$work/sdk" && exit; }

clang=$(compgen -c clang- | grep -E '^clang-[0-9]+$' | sort -ruV | while read -r name; do
    ! command -v "ld.lld-${name#clang-}" >/dev/null || { echo "$name" && break; }
done)
[ -n "$clang" ] || die "clang and lld of the same version are missing (Debian: clang-22 lld-22)"
node=${NODE_INCLUDE:-/usr/include/node}
[ -f "$node/node_api.h" ] || die "no node_api.h in $node; set NODE_INCLUDE to the directory of Node's headers (Debian: libnode-dev)"

# Download musl for another architecture without changing this machine's list of packages.
if [ ! -d "$work/musl/usr/include/linux" ]; then
    apt=$work/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    foreign=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache"
        -o Dir::State::status=/dev/null -o APT::Sandbox::User=)
    (cd "$apt" && apt-get "${foreign[@]}" -qq update && apt-get "${foreign[@]}" -qq download musl:arm64 musl-dev:arm64 linux-libc-dev:arm64) >&2 ||
        die "cannot fetch Debian's packages musl, musl-dev and linux-libc-dev for arm64"
    for package in "$apt"/*.deb; do dpkg -x "$package" "$work/musl"; done
    rm -r "$apt"
fi

sdk=$work/sdk.new
rm -rf "$sdk"
include=$sdk/sysroot/usr/include
libraries=$sdk/sysroot/usr/lib/aarch64-linux-ohos
mkdir -p "$sdk/llvm/bin" "$include/napi" "$libraries"
printf '#!/bin/sh\nexec %s --ld-path=%s -Wno-unused-command-line-argument "$@"\n' "$(command -v "$clang")" "$(command -v "ld.lld-${clang#clang-}")" >"$sdk/llvm/bin/clang"
chmod +x "$sdk/llvm/bin/clang"
cp -R "$work/musl/usr/include/aarch64-linux-musl/." "$include"
cp -R "$work/musl/usr/include/linux" "$work/musl/usr/include/asm-generic" "$work/musl/usr/include/aarch64-linux-gnu/asm" "$include"
cp "$node"/*node_api*.h "$node"/js_native_api*.h "$include/napi"
echo '#include "node_api.h"' >"$include/napi/native_api.h"
cp "$work/musl/lib/aarch64-linux-musl/libc.so" "$work"/musl/usr/lib/aarch64-linux-musl/lib{m,dl}.a "$libraries"

# Make a library with the functions that standard input lists.
link=(-nostartfiles -nodefaultlibs -shared)
stub() { # FILE
    sed 's/.*/void &(void) {}/' | "$sdk/llvm/bin/clang" --target=aarch64-linux-ohos -x c - "${link[@]}" -Wl,-soname,"$1" -o "$libraries/$1"
}
grep -oE '\b(napi|node_api)_[a-z0-9_]+' <(sed '/^#/d' "$(dirname "$0")/napi_functions.txt") | stub libace_napi.z.so
echo "$stamp" >"$sdk/stamp"
rm -rf "$work/sdk"
mv "$sdk" "$work/sdk"
echo "$work/sdk"
