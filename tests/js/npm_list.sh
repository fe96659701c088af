#!/bin/sh
# npm_list.sh LIST DIR: installs the packages that LIST/package-lock.json pins by hash to DIR/node_modules, unless they are
# installed.
set -eu

die() {
    echo "npm_list.sh: $*" >&2
    exit 1
}

[ $# -eq 2 ] || die "usage: npm_list.sh LIST DIR"
list=$(cd "$1" && pwd)
for tool in node npm; do
    command -v $tool >/dev/null || die "$tool is missing; install it (Debian: apt-get install nodejs npm), or name js in SKIP"
done

mkdir -p "$2"
cd "$2"
cp "$list/package.json" "$list/package-lock.json" .
if ! cmp -s package-lock.json installed.json; then
    npm ci --ignore-scripts --silent || die "npm ci failed; it needs access to the npm registry"
    cp package-lock.json installed.json
fi
