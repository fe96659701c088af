#!/bin/sh
# inside.sh URL COMMAND...: runs the command in the Debian of setup.sh, in bindings/swift, with the library and EGRET_WS_TEST_URL.
# The mounts are in a namespace that ends with the command. run.sh calls this script.
set -eu
[ "${EGRET_WS_MOUNTS:-}" = mine ] || EGRET_WS_MOUNTS=mine exec unshare --mount "$0" "$@"
url=$1 root=$EGRET_WS_SWIFT_ROOT
shift

mkdir -p "$root/egret" "$root/target"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind . "$root/egret"
mount --bind "$TARGET" "$root/target"
exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/tmp LD_LIBRARY_PATH=/target/release EGRET_WS_TEST_URL="$url" \
    EGRET_WS_TEST_SOCKETS="${EGRET_WS_TEST_SOCKETS:-2000}" sh -euc 'cd /egret/bindings/swift && exec "$@"' sh "$@"
