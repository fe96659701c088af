#!/usr/bin/env bash
# recipes.sh DIST: makes the recipes for vcpkg, Conan and Homebrew, which build the library from the sources of this release.
#
# The recipes contain the address of the release and the hash of the sources: see release_url in common.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: recipes.sh DIST"
dist=$1
work=$build_dir/recipes
rm -rf "$work"
mkdir -p "$work"

sources=$dist/egret-ws-$version.tar.gz
if [ ! -f "$sources" ]; then
    "$root/packaging/dist/source.sh" "$work" >/dev/null
    sources=$work/egret-ws-$version.tar.gz
fi
sha256=$(sha256sum <"$sources" | cut -d' ' -f1)
sha512=$(sha512sum <"$sources" | cut -d' ' -f1)
[ -n "${EGRET_WS_RELEASE_URL:-}" ] ||
    echo "CANNOT: the recipes name no address from which the release can be fetched: set EGRET_WS_RELEASE_URL, see RELEASING.md"

fill() { # TEMPLATE FOLDER
    mkdir -p "$2"
    sed -e "s|@VERSION@|$version|g; s|@URL@|$release_url|g; s|@SHA256@|$sha256|g; s|@SHA512@|$sha512|g" \
        "$root/packaging/$1" >"$2/$(basename "$1" .in)"
}
port=$work/vcpkg/egret-ws
fill vcpkg/vcpkg.json.in "$port"
fill vcpkg/portfile.cmake.in "$port"
cp "$root/packaging/vcpkg/usage" "$port/"
mkdir -p "$work/conan"
cp -R "$root/packaging/conan/conanfile.py" "$root/packaging/conan/test_package" "$work/conan/"
fill conan/conandata.yml.in "$work/conan"
fill homebrew/egret-ws.rb.in "$dist"
pack "$dist/egret-ws-$version-vcpkg.zip" "$work/vcpkg"
pack "$dist/egret-ws-$version-conan.zip" "$work/conan"
made "egret-ws-$version-vcpkg.zip" "egret-ws-$version-conan.zip" egret-ws.rb
