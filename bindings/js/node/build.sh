#!/bin/sh
# build.sh [LIB_DIR [OUT]]: compiles the addon against the libegret_ws in LIB_DIR and the header of this repository; without
# LIB_DIR, or if it is empty, against the installed library that pkg-config finds.
#
# OUT defaults to `egret_ws.node` next to this script. STATIC=1 links the installed libegret_ws statically, for prebuilds.
# CC and CFLAGS have their usual meaning. NODE_INCLUDE is the directory of node_api.h; by default the script searches next to
# `node`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "build.sh: $*" >&2
    exit 1
}

[ $# -le 2 ] || die "usage: build.sh [LIB_DIR [OUT]]"
out=${2:-$here/egret_ws.node}

if [ -n "${1:-}" ]; then
    [ -d "$1" ] || die "there is no directory $1"
    [ -z "${STATIC:-}" ] || die "STATIC takes the installed libegret_ws; leave LIB_DIR empty"
    directory=$(cd "$1" && pwd)
    set -- "-I$here/../../../include" "-L$directory" -legret_ws "-Wl,-rpath,$directory"
else
    command -v pkg-config >/dev/null || die "pkg-config is missing; install it (Debian: pkg-config), or name LIB_DIR"
    pkg-config --exists egret_ws ||
        die "pkg-config finds no egret_ws; install it (\"make install\" in its sources; PKG_CONFIG_PATH=PREFIX/lib/pkgconfig)," \
            "or name LIB_DIR"
    # shellcheck disable=SC2046 # these are lists of words
    if [ -z "${STATIC:-}" ]; then
        set -- $(pkg-config --cflags --libs egret_ws) "-Wl,-rpath,$(pkg-config --variable=libdir egret_ws)"
    else
        set -- $(pkg-config --cflags --libs --static egret_ws)
        # The addon exports only the symbols that Node needs, and no functions of the library and of OpenSSL, because Node and other
        # addons have their own. It stays loaded, because a look-up that hangs cannot be ended.
        [ "$(uname -s)" = Darwin ] || set -- "$@" "-Wl,--version-script=$here/exports.map" -Wl,-z,nodelete
    fi
fi

if [ -z "${NODE_INCLUDE:-}" ]; then
    command -v node >/dev/null || die "node is missing; install it (Debian: nodejs)"
    NODE_INCLUDE=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
fi
[ -f "$NODE_INCLUDE/node_api.h" ] ||
    die "no node_api.h in $NODE_INCLUDE; install Node's headers (Debian: libnode-dev; npm: node-api-headers)" \
        "and set NODE_INCLUDE to their directory"
[ -f "$NODE_INCLUDE/uv.h" ] || [ -f /usr/include/uv.h ] ||
    die "no uv.h in $NODE_INCLUDE; install libuv's header (Debian: libuv1-dev), or use Node's own headers"

# The program `node` exports the symbols of Node-API and libuv. They are resolved when it loads the addon.
case $(uname -s) in
Darwin) link="-bundle -undefined dynamic_lookup" ;;
*) link="-shared -fPIC -Wl,-z,relro,-z,now" ;;
esac
# shellcheck disable=SC2086 # these are lists of words
"${CC:-cc}" -std=gnu99 -O2 -Wall -Wextra -pedantic -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
    ${CFLAGS:-} $link -I"$NODE_INCLUDE" "$here"/egret_ws_node*.c "$here/../egret_ws_host.c" -o "$out" "$@"
echo "built ${out#"$PWD"/}"
