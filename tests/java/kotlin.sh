#!/bin/sh
# kotlin.sh DIR: downloads the Kotlin compiler from npm to DIR, if it is not there, and prints the path of its `kotlinc`.
#
# The package is pinned by its integrity hash.
set -eu

version=2.4.20
integrity=sha512-IF5IVM7LpPhA/ntHQQpaVt1yxpaaQovtEVYLyqWMuaLr0XelLPPm7/sM6HLhtcRjjjoSsK7I7lP2kzYJkMy73w==

die() {
    echo "kotlin.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: kotlin.sh DIR"
compiler=$1/kotlin-compiler-$version

if [ ! -d "$compiler" ]; then
    for tool in npm node tar; do
        command -v $tool >/dev/null || die "$tool is missing; install it (Debian: nodejs npm tar)"
    done
    mkdir -p "$1"
    fresh=$(mktemp -d "$1/kotlin.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    npm pack --silent --pack-destination "$fresh" "kotlin-compiler@$version" >"$fresh/log" 2>&1 ||
        die "npm pack kotlin-compiler@$version failed; it has to reach the npm registry: $(cat "$fresh/log")"
    tarball=$fresh/kotlin-compiler-$version.tgz
    found=$(node -p '"sha512-" + require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tarball")
    [ "$found" = "$integrity" ] || die "kotlin-compiler@$version has the integrity $found, not $integrity"
    tar -xzf "$tarball" -C "$fresh"
    # If another process was faster, the directory exists already, with the same files.
    mv -T "$fresh/package" "$compiler" 2>/dev/null || [ -d "$compiler" ] || die "cannot make $compiler"
fi
echo "$compiler/bin/kotlinc"
