#!/bin/sh
# npm_tools.sh DIR: installs the compilers that tests/js/types/package-lock.json pins to DIR/node_modules.
set -eu

die() {
    echo "npm_tools.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: npm_tools.sh DIR"
list=$(cd "$(dirname "$0")/types" && pwd)
for tool in node npm; do
    command -v $tool >/dev/null || die "$tool is missing; install it (Debian: apt-get install nodejs npm), or name js in SKIP"
done

mkdir -p "$1"
cd "$1"
cp "$list/package.json" "$list/package-lock.json" .
if ! cmp -s package-lock.json installed.json; then
    npm ci --ignore-scripts --silent || die "npm ci failed; it has to reach the npm registry"
    cp package-lock.json installed.json
fi
