#!/bin/sh
# engine.sh DIR: downloads the Egret engine from npm to DIR, if it is not there, and prints the path of its `build` directory.
#
# The package is pinned by its integrity hash. Several tests may run this at the same time.
set -eu

version=5.2.18
integrity=sha512-p0LK9Wzhcr+6g1czJW+bb9vxdjb2DoLGDagpjN+ISYayccoTtS94HeRvo60G49w+gGSePHI5+y90FxRuOHxQ8Q==

die() {
    echo "engine.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: engine.sh DIR"
engine=$1/egret-engine-$version

if [ ! -d "$engine" ]; then
    for tool in npm node tar; do
        command -v $tool >/dev/null || die "$tool is missing; install it (Debian: nodejs npm tar)"
    done
    mkdir -p "$1"
    fresh=$(mktemp -d "$1/egret-engine.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    npm pack --silent --pack-destination "$fresh" "egret-engine@$version" >"$fresh/log" 2>&1 ||
        die "npm pack egret-engine@$version failed; it has to reach the npm registry: $(cat "$fresh/log")"
    tarball=$fresh/egret-engine-$version.tgz
    found=$(node -p '"sha512-" + require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tarball")
    [ "$found" = "$integrity" ] || die "egret-engine@$version has the integrity $found, not $integrity"
    tar -xzf "$tarball" -C "$fresh"
    # If another process was faster, the directory exists already, with the same files.
    mv -T "$fresh/package" "$engine" 2>/dev/null || [ -d "$engine" ] || die "cannot make $engine"
fi
echo "$engine/build"
