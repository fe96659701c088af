#!/bin/sh
# kotlin.sh DIR [VERSION]: downloads a Kotlin compiler from npm to DIR, if it is not there, and prints the directory of its
# package. The folder `lib` of the package also contains kotlinx-coroutines.
#
# The packages are pinned by their integrity hashes.
set -eu

die() {
    echo "kotlin.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || [ $# -eq 2 ] || die "usage: kotlin.sh DIR [VERSION]"
version=${2:-2.4.20}
case $version in
2.4.20) integrity=sha512-IF5IVM7LpPhA/ntHQQpaVt1yxpaaQovtEVYLyqWMuaLr0XelLPPm7/sM6HLhtcRjjjoSsK7I7lP2kzYJkMy73w== ;;
1.6.21) integrity=sha512-Nyfqj73Kp9DrDEbzWz1dTXiOas5Fu3Lkg+WoaM1xVgayYo1d38Bytv0dbtKeUQY3m4GTPbTa3xbQkT5W6vIBgA== ;;
1.4.32) integrity=sha512-NyPopJ5K7ZYOViXCdFIHQE7R4V2XsX3f57N1OzEvUK78J0gev6sjUTDbYrfJ0ihryXcFl6xb5WvCui3BeJa6kg== ;;
*) die "the integrity of kotlin-compiler@$version is not known" ;;
esac
compiler=$1/kotlin-compiler-$version

if [ ! -d "$compiler" ]; then
    for tool in npm node tar; do
        command -v $tool >/dev/null || die "$tool is missing; install it (Debian: nodejs npm tar)"
    done
    mkdir -p "$1"
    fresh=$(mktemp -d "$1/kotlin.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    npm pack --silent --pack-destination "$fresh" "kotlin-compiler@$version" >"$fresh/log" 2>&1 ||
        die "npm pack kotlin-compiler@$version failed; it needs access to the npm registry: $(cat "$fresh/log")"
    tarball=$fresh/kotlin-compiler-$version.tgz
    found=$(node -p '"sha512-" + require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tarball")
    [ "$found" = "$integrity" ] || die "kotlin-compiler@$version has the integrity $found, not $integrity"
    tar -xzf "$tarball" -C "$fresh"
    chmod +x "$fresh"/package/bin/*
    # If another process was faster, the directory exists already, with the same files.
    mv -T "$fresh/package" "$compiler" 2>/dev/null || [ -d "$compiler" ] || die "cannot make $compiler"
fi
echo "$compiler"
