#!/bin/sh
# npm_package.sh NAME VERSION INTEGRITY DIR: downloads a package from npm to DIR, if it is not there, and prints its path.
#
# The package is pinned by its integrity hash. Several tests may run this script at the same time.
set -eu

die() {
    echo "npm_package.sh: $*" >&2
    exit 1
}

[ $# -eq 4 ] || die "usage: npm_package.sh NAME VERSION INTEGRITY DIR"
name=$1 version=$2 integrity=$3
package=$4/$name-$version

if [ ! -d "$package" ]; then
    for tool in npm node tar; do
        command -v $tool >/dev/null || die "$tool is missing; install it (Debian: nodejs npm tar)"
    done
    mkdir -p "$4"
    fresh=$(mktemp -d "$4/$name.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    npm pack --silent --pack-destination "$fresh" "$name@$version" >"$fresh/log" 2>&1 ||
        die "npm pack $name@$version failed; it needs access to the npm registry: $(cat "$fresh/log")"
    tarball=$fresh/$name-$version.tgz
    found=$(node -p '"sha512-" + require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tarball")
    [ "$found" = "$integrity" ] || die "$name@$version has the integrity $found, not $integrity"
    tar -xzf "$tarball" -C "$fresh"
    # If another process was faster, the directory exists already, with the same files.
    mv -T "$fresh/package" "$package" 2>/dev/null || [ -d "$package" ] || die "cannot make $package"
fi
echo "$package"
