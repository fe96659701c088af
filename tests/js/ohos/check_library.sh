#!/usr/bin/env bash
# check_library.sh LIBRARY.so: checks the glue for HarmonyOS without a device: the libraries that it needs, its exports, its
# registration, and the alignment of its segments.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: check_library.sh LIBRARY.so" >&2; exit 2; }
out=$1

die() {
    echo "check_library.sh: $*" >&2
    exit 1
}

dynamic=$(readelf --dynamic --wide "$out")
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic" | sort | tr '\n' ' ')
[ "$needed" = "libace_napi.z.so libc.so " ] ||
    die "the library must need libace_napi.z.so and libc.so only, but needs: $needed"
grep -q '(SONAME).*\[libegret_ws_napi.so\]' <<<"$dynamic" || die "the library does not have the name libegret_ws_napi.so"
exported=$(readelf --dyn-syms --wide "$out" | awk '$7 != "UND" && $5 == "GLOBAL" && $8 != "" { print $8 }')
[ -z "$exported" ] || die "the library exports: $exported"
# A constructor registers the module.
readelf --sections --wide "$out" | grep init_array >/dev/null || die "the library has no constructor that runs when it is loaded"
readelf --dyn-syms --wide "$out" | grep 'UND napi_module_register' >/dev/null || die "the library does not register a module"
readelf --program-headers --wide "$out" | awk '$1 == "LOAD" && $NF != "0x4000" { wrong = 1 } END { exit wrong }' ||
    die "the segments are not aligned to 16 KiB"
readelf --dynamic --wide "$out" | grep NODELETE >/dev/null || die "the library can be unloaded"
