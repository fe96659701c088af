#!/usr/bin/env bash
# debug.sh DIST: tests that each library and program for Linux has a debug file with its build ID, and that this file maps an
# address to a source line.
set -euo pipefail
. "$(dirname "$0")/common.sh"

pairs=0
for archive in "$dist"/egret-ws-"$version"-linux*-debug.tar.gz; do
    [ -f "$archive" ] || { echo "CANNOT: there is no debug archive for Linux in $dist" && exit 3; }
    name=$(basename "$archive" -debug.tar.gz)
    mkdir -p "$work/$name"
    tar -xzf "$archive" -C "$work/$name"
    tar -xzf "$(artefact "$name.tar.gz")" -C "$work/$name"
    while read -r file; do
        [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || continue
        base=$(basename "$file")
        debug=$(find "$work/$name/$name-debug" -name "$base.debug")
        [ -f "$debug" ] || die "$name has no debug file of $base"
        same_build_id "$file" "$debug"
        ! readelf --section-headers --wide "$file" | grep '\.debug_line' >/dev/null || die "$name: $base is not stripped"
        pairs=$((pairs + 1))
        [[ $base == *.so ]] || continue
        # The commands of docs/crash-reports.md, for an address in a function that each library contains.
        address=$(llvm nm --dynamic --defined-only "$file" | sed -n 's/^\([0-9a-f]*\) T egret_ws_loop_new$/0x\1/p')
        line=$(llvm symbolizer --obj="$debug" "$address")
        [[ $line == */egret-ws/src/ffi/loops.rs:* ]] || die "$name: the debug file maps $address of $base to: $line"
    done < <(find "$work/$name/$name" -type f \( -name '*.so' -o -perm -100 \))
done
ok "$pairs stripped files have their debug files, with lines"
