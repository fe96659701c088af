#!/usr/bin/env bash
# check_glue.sh DIR: compiles and links the glue for HarmonyOS with bindings/js/ohos/build_so.sh, a directory that looks like the
# SDK (sdk.sh), and a library without code. The link succeeds only if OpenHarmony exports each function that the glue uses.
# Nothing is run.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: check_glue.sh DIR" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../../.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

die() {
    echo "check_glue.sh: $*" >&2
    exit 1
}

sdk=$("$(dirname "$0")/sdk.sh" "$work")
grep -oE '\begret_ws_[a-z0-9_]+\(' "$root/include/egret_ws.h" | tr -d '(' | sort -u | sed 's/.*/void &(void) {}/' |
    "$sdk/llvm/bin/clang" --target=aarch64-linux-ohos -x c -c - -o "$work/libegret_ws.o"
rm -f "$work/libegret_ws.a"
ar rc "$work/libegret_ws.a" "$work/libegret_ws.o"

out=$work/libegret_ws_napi.so
CFLAGS=-Werror LDFLAGS="-nostartfiles -nodefaultlibs -lc" "$root/bindings/js/ohos/build_so.sh" "$sdk" "$work/libegret_ws.a" "$out"

"$(dirname "$0")/check_library.sh" "$out"
echo "ok      glue for HarmonyOS: $(readelf --dyn-syms --wide "$out" | grep -cE 'UND (napi|node_api)_') functions of Node-API"
