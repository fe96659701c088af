#!/bin/sh
# build_so.sh SDK LIBEGRET_WS.a OUT.so: compiles the glue for arm64 with the native SDK in the directory SDK (which contains
# llvm and sysroot), and links it with the static library for aarch64-unknown-linux-ohos. CFLAGS and LDFLAGS have their usual
# meaning.
set -eu
js=$(cd "$(dirname "$0")/.." && pwd)

die() {
    echo "build_so.sh: $*" >&2
    exit 1
}

[ $# -eq 3 ] || die "usage: build_so.sh SDK LIBEGRET_WS.a OUT.so"
sdk=$(cd "$1" && pwd) library=$2 out=$3
clang=$sdk/llvm/bin/clang
[ -x "$clang" ] || die "no llvm/bin/clang in $sdk: name the directory \"native\" of the SDK of OpenHarmony"
[ -f "$library" ] || die "there is no $library"
# The header of the repository, or of an installed copy of these files.
for include in "$js/../../include" "$js/../../../include"; do [ ! -f "$include/egret_ws.h" ] || break; done

# A device with 16 KiB pages does not load a library that is aligned for smaller pages. The library is never unloaded, because a
# look-up that hangs in the system's resolver cannot be ended.
# shellcheck disable=SC2086 # these are lists of words
"$clang" --target=aarch64-linux-ohos --sysroot="$sdk/sysroot" -std=c99 -O2 -fPIC -Wall -Wextra -pedantic -fvisibility=hidden \
    -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 ${CFLAGS:-} -I"$js/ohos/include" -I"$include" \
    "$js/node/egret_ws_node.c" "$js/node/egret_ws_node_events.c" "$js/node/egret_ws_node_values.c" "$js/egret_ws_host.c" \
    "$js"/ohos/*.c "$library" -o "$out" \
    -shared -Wl,-soname,libegret_ws_napi.so -Wl,--exclude-libs,ALL -Wl,-z,defs,-z,relro,-z,now,-z,nodelete,-z,max-page-size=16384 \
    -Wl,--build-id=sha1 \
    ${LDFLAGS:-} -lace_napi.z -lm -ldl
