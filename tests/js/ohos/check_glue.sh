#!/usr/bin/env bash
# check_glue.sh DIR: compiles and links the glue for HarmonyOS by bindings/js/ohos/build_so.sh, with a directory that looks like the
# SDK: clang and lld of this machine, the headers and the C library of musl for arm64 from Debian, Node's headers, and libraries
# without code. So each function that the glue uses must be one that OpenHarmony exports. Nothing is run.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: check_glue.sh DIR" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../../.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

die() {
    echo "check_glue.sh: $*" >&2
    exit 1
}

clang=$(compgen -c clang- | grep -E '^clang-[0-9]+$' | sort -ruV | while read -r name; do
    ! command -v "ld.lld-${name#clang-}" >/dev/null || { echo "$name" && break; }
done)
[ -n "$clang" ] || die "clang and lld of one version are missing (Debian: clang-22 lld-22)"
node=${NODE_INCLUDE:-/usr/include/node}
[ -f "$node/node_api.h" ] || die "no node_api.h in $node; set NODE_INCLUDE to the directory of Node's headers (Debian: libnode-dev)"

# musl of another architecture, without a change of this machine's list of packages.
if [ ! -d "$work/musl/usr/include" ]; then
    apt=$work/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    foreign=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache"
        -o Dir::State::status=/dev/null -o APT::Sandbox::User=)
    (cd "$apt" && apt-get "${foreign[@]}" -qq update && apt-get "${foreign[@]}" -qq download musl:arm64 musl-dev:arm64) >&2 ||
        die "cannot fetch Debian's packages musl and musl-dev for arm64"
    for package in "$apt"/musl*.deb; do dpkg -x "$package" "$work/musl"; done
    rm -r "$apt"
fi

sdk=$work/sdk
rm -rf "$sdk"
include=$sdk/sysroot/usr/include
libraries=$sdk/sysroot/usr/lib/aarch64-linux-ohos
mkdir -p "$sdk/llvm/bin" "$include/napi" "$libraries"
printf '#!/bin/sh\nexec %s --ld-path=%s -Wno-unused-command-line-argument "$@"\n' "$(command -v "$clang")" "$(command -v "ld.lld-${clang#clang-}")" >"$sdk/llvm/bin/clang"
chmod +x "$sdk/llvm/bin/clang"
cp -R "$work/musl/usr/include/aarch64-linux-musl/." "$include"
cp "$node"/*node_api*.h "$node"/js_native_api*.h "$include/napi"
echo '#include "node_api.h"' >"$include/napi/native_api.h"
cp "$work/musl/lib/aarch64-linux-musl/libc.so" "$work"/musl/usr/lib/aarch64-linux-musl/lib{m,dl}.a "$libraries"

# A library with the functions whose names come on standard input.
link=(-nostartfiles -nodefaultlibs -shared)
stub() { # FILE
    sed 's/.*/void &(void) {}/' | "$sdk/llvm/bin/clang" --target=aarch64-linux-ohos -x c - "${link[@]}" -Wl,-soname,"$1" -o "$libraries/$1"
}
grep -oE '\b(napi|node_api)_[a-z0-9_]+' <(sed '/^#/d' "$(dirname "$0")/napi_functions.txt") | stub libace_napi.z.so
grep -oE '\begret_ws_[a-z0-9_]+\(' "$root/include/egret_ws.h" | tr -d '(' | sort -u | sed 's/.*/void &(void) {}/' |
    "$sdk/llvm/bin/clang" --target=aarch64-linux-ohos -x c -c - -o "$work/libegret_ws.o"
rm -f "$work/libegret_ws.a"
ar rc "$work/libegret_ws.a" "$work/libegret_ws.o"

out=$work/libegret_ws_napi.so
CFLAGS=-Werror LDFLAGS="-nostartfiles -nodefaultlibs -lc" "$root/bindings/js/ohos/build_so.sh" "$sdk" "$work/libegret_ws.a" "$out"

dynamic=$(readelf --dynamic --wide "$out")
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic" | sort | tr '\n' ' ')
[ "$needed" = "libace_napi.z.so libc.so " ] ||
    die "the library needs others than those of HarmonyOS: $needed"
grep -q '(SONAME).*\[libegret_ws_napi.so\]' <<<"$dynamic" || die "the library has another name"
exported=$(readelf --dyn-syms --wide "$out" | awk '$7 != "UND" && $5 == "GLOBAL" && $8 != "" { print $8 }')
[ -z "$exported" ] || die "the library exports: $exported"
# The constructor that registers the module.
readelf --sections --wide "$out" | grep -q init_array || die "nothing runs when the library is loaded"
readelf --dyn-syms --wide "$out" | grep -q 'UND napi_module_register' || die "the library does not register a module"
readelf --program-headers --wide "$out" | awk '$1 == "LOAD" && $NF != "0x4000" { wrong = 1 } END { exit wrong }' ||
    die "the segments are not aligned to 16 KiB"
echo "ok      glue for HarmonyOS: $(readelf --dyn-syms --wide "$out" | grep -cE 'UND (napi|node_api)_') functions of Node-API"
