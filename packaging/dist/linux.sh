#!/usr/bin/env bash
# linux.sh DIST: makes the tarballs for Linux on x86-64 and arm64, for glibc 2.17 and later and for musl, each with OpenSSL
# inside, and the debug files of each one. EGRET_WS_LINUX="gnu-x86_64 ..." selects tarballs.
set -euo pipefail
. "$(dirname "$0")/common.sh"
dist=${1:?usage: linux.sh DIST}
choose_variants EGRET_WS_LINUX gnu-x86_64 gnu-arm64 musl-x86_64 musl-arm64

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for variant in "${chosen[@]}"; do
    libc=${variant%-*} machine=${variant##*-}
    name=egret-ws-$version-linux-$machine notices=linux-vendored libc_option="--glibc 2.17"
    [ "$libc" = gnu ] || name=egret-ws-$version-linux-musl-$machine notices=musl-vendored libc_option=--musl
    linux_stage "$libc" "$machine"

    # shellcheck disable=SC2086 # two words
    "$root/packaging/dist/check_elf.py" --machine "$machine" $libc_option --exports "$root/include/egret_ws.h" \
        "$stage/libegret_ws.so"
    # shellcheck disable=SC2086 # two words
    "$root/packaging/dist/check_elf.py" --machine "$machine" $libc_option "$stage/egret-ws-doctor" "$stage/egret-ws-echo"

    tree=$scratch/$name
    FEATURES=--features=vendored RELOCATABLE=1 NOTICES=$root/packaging/notices/$notices.txt \
        "$root/packaging/install.sh" "$stage" "/$name" "$scratch" >/dev/null
    for file in LICENSE-MIT LICENSE-APACHE; do cp "$root/$file" "$tree/"; done
    cp "$root/packaging/notices/$notices.txt" "$tree/THIRD-PARTY-NOTICES.txt"
    sed "s/@VERSION@/$version/" "$root/packaging/dist/linux/README-$libc.txt" >"$tree/README.txt"
    pack "$dist/$name.tar.gz" "$tree"
    mkdir "$tree-debug"
    cp -r "$stage/debug/." "$tree-debug/"
    for file in LICENSE-MIT LICENSE-APACHE; do cp "$root/$file" "$tree-debug/"; done
    cp "$root/packaging/notices/$notices.txt" "$tree-debug/THIRD-PARTY-NOTICES.txt"
    pack "$dist/$name-debug.tar.gz" "$tree-debug"
    made "$name.tar.gz" "$name-debug.tar.gz"
    rm -r "$tree" "$tree-debug"
done
