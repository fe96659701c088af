#!/bin/sh
# install.sh DIR: installs the engines that package-lock.json pins by hash to DIR/node_modules: Node 22, Node 24 and undici.
set -eu

die() {
    echo "install.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: install.sh DIR"
list=$(cd "$(dirname "$0")" && pwd)
command -v npm >/dev/null || die "npm is missing; install it (Debian: apt-get install npm)"

mkdir -p "$1"
cd "$1"
cp "$list/package.json" "$list/package-lock.json" .
if ! cmp -s package-lock.json installed.json; then
    npm ci --ignore-scripts --silent || die "npm ci failed; it has to reach the npm registry"
    cp package-lock.json installed.json
fi
