#!/usr/bin/env bash
# npm.sh DIST: makes the npm package with compiled addons for Linux on x64 and arm64, and the debug files of the addons.
#
# The addons contain the library for glibc 2.17 with OpenSSL inside. They do not use the OpenSSL of Node or Electron.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/addon.sh"
[ $# -eq 1 ] || die "usage: npm.sh DIST"
dist=$1
work=$build_dir/npm
package=$work/package
command -v npm >/dev/null || cannot "npm is missing (Debian: nodejs npm)"
export NODE_INCLUDE=${NODE_INCLUDE:-/usr/include/node}
[ -f "$NODE_INCLUDE/node_api.h" ] || cannot "no node_api.h in $NODE_INCLUDE (Debian: libnode-dev); NODE_INCLUDE names another folder"
command -v pkg-config >/dev/null || cannot "pkg-config is missing"
rm -rf "$work"
mkdir -p "$work"

for arch in x86_64 arm64; do
    linux_library "$arch"
    # The addon is compiled like its users would compile it: against an installed library. Here the library has debug information.
    built=$work/$arch-built prefix=$work/$arch
    mkdir -p "$built"
    cp "$stage/libegret_ws.so" "$library" "$built/"
    FEATURES=--features=vendored "$root/packaging/install.sh" "$built" "$prefix" >"$work/install.log" 2>&1 ||
        { cat "$work/install.log" >&2 && die "cannot install the library"; }
    [ -d "$package" ] || cp -R "$prefix/share/egret_ws/js" "$package"
    name=linux-$arch
    [ "$arch" != x86_64 ] || name=linux-x64
    # The headers of libuv are in the folder of Node's headers, and not in the system folders of the compiler.
    (cd "$root" && CC=$cc STATIC=1 PKG_CONFIG_PATH=$prefix/lib/pkgconfig \
        CFLAGS="-g -ffile-prefix-map=$root=/egret-ws -ffile-prefix-map=$package=/egret-ws/bindings/js -ffile-prefix-map=$build_dir=/build ${addon_link_flags[*]}" \
        "$package/node/build.sh" "" "$work/$name.node")
    split_debug "$work/$name.node" "$package/prebuilds/$name/egret_ws.node" "$work/debug/$name"
done
cp "$root/packaging/notices/linux-vendored.txt" "$package/THIRD-PARTY-NOTICES.txt"
(cd "$package" && npm pack --silent --offline --ignore-scripts --pack-destination "$dist" >"$work/npm.log" 2>&1) ||
    { cat "$work/npm.log" >&2 && die "npm cannot pack the package"; }
pack "$dist/egret-ws-$version-node-debug.zip" "$work/debug"
made "egret-ws-$version.tgz" "egret-ws-$version-node-debug.zip"
