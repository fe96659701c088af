#!/usr/bin/env bash
# setup.sh: installs a Debian trixie with Swift 6, SwiftPM and XCTest in a folder, if it is not there, and prints the folder. This
# needs 3.4 GB, some minutes and root. EGRET_WS_SWIFT_ROOT can set the folder.
set -euo pipefail

root=${EGRET_WS_SWIFT_ROOT:-/opt/egret-swift}
stamp=$root/.egret-ws-ready
[ -e "$stamp" ] || {
    [ "$(id -u)" = 0 ] || { echo "setup.sh: only root can make $root; or set EGRET_WS_SWIFT_ROOT to a folder that is already installed" >&2; exit 1; }
    "$(dirname "$0")"/../tools/setup.sh swift >&2
    # debootstrap cannot continue in the folder of a run that was interrupted.
    rm -rf --one-file-system "$root"
    debootstrap --variant=minbase trixie "$root" >&2
    # Packages need /proc and /dev. They are mounted in a namespace that ends with this command.
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
