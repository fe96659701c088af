#!/usr/bin/env bash
# build.sh gnu|musl x86_64|arm64 OUT: builds the library and the tools of the packages for Linux in OUT (see ../build.sh). They
# contain OpenSSL. `gnu` needs glibc 2.17 or later, `musl` is for Alpine. Both need only the C library.
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../zig.sh"
case ${1:-} in
gnu) libc=gnu version_of_libc=.2.17 ;;
musl) libc=musl version_of_libc="" ;;
*) die "usage: build.sh gnu|musl x86_64|arm64 OUT" ;;
esac
case ${2:-} in
x86_64) processor=x86_64 ;;
arm64) processor=aarch64 ;;
*) die "usage: build.sh gnu|musl x86_64|arm64 OUT" ;;
esac
out=${3:?usage: build.sh gnu|musl x86_64|arm64 OUT}
target=$processor-unknown-linux-$libc
zig_toolchain "$target" "$processor-linux-$libc$version_of_libc"
# rustc links with -nodefaultlibs, so the functions for the atomics in OpenSSL's code would be missing.
[ "$processor" != aarch64 ] || export CFLAGS="-mno-outline-atomics ${CFLAGS:-}"
# Otherwise Rust links musl statically, and makes no shared library.
[ "$libc" != musl ] || export RUSTFLAGS="-Ctarget-feature=-crt-static ${RUSTFLAGS:-}"
exec "$root/packaging/dist/build.sh" "$target" "$out" --features vendored
