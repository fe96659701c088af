#!/usr/bin/env bash
# setup.sh: prints the folder of a Debian trixie with Swift 6, SwiftPM and XCTest, and makes it first if it is not there (3.4 GB,
# some minutes, as root). EGRET_WS_SWIFT_ROOT says where it is, or is to be.
set -euo pipefail

root=${EGRET_WS_SWIFT_ROOT:-/opt/egret-swift}
stamp=$root/.egret-ws-ready
[ -e "$stamp" ] || {
    [ "$(id -u)" = 0 ] || { echo "setup.sh: only root can make $root; or set EGRET_WS_SWIFT_ROOT to one that is ready" >&2; exit 1; }
    "$(dirname "$0")"/../tools/setup.sh swift >&2
    # A run that was cut short leaves a folder that debootstrap cannot go on with.
    rm -rf --one-file-system "$root"
    debootstrap --variant=minbase trixie "$root" >&2
    # /proc and /dev, which packages need, are mounted in a namespace that ends with this command: nothing stays mounted.
    ROOT=$root unshare --mount bash -euc '
        mount -t proc proc "$ROOT/proc"
        mount --rbind /dev "$ROOT/dev"
        DEBIAN_FRONTEND=noninteractive chroot "$ROOT" sh -euc "
            apt-get update
            apt-get install -y --no-install-recommends swiftlang git libc6-dev libstdc++-14-dev libssl-dev pkg-config
            apt-get clean"' >&2
    touch "$stamp"
}
echo "$root"
