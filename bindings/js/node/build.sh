#!/bin/sh
# build.sh LIB_DIR [OUT]: compiles the addon against the libegret_ws in LIB_DIR.
#
# OUT defaults to `egret_ws.node` next to this script. CC and CFLAGS have their usual meaning. NODE_INCLUDE is the directory of
# node_api.h; by default the script searches next to `node`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "build.sh: $*" >&2
    exit 1
}

[ $# -ge 1 ] || die "usage: build.sh LIB_DIR [OUT]"
library=$(cd "$1" && pwd)
out=${2:-$here/egret_ws.node}

if [ -z "${NODE_INCLUDE:-}" ]; then
    command -v node >/dev/null || die "node is missing; install it (Debian: nodejs)"
    NODE_INCLUDE=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
fi
[ -f "$NODE_INCLUDE/node_api.h" ] ||
    die "no node_api.h in $NODE_INCLUDE; install Node's headers (Debian: libnode-dev; npm: node-api-headers)" \
        "and set NODE_INCLUDE to their directory"
[ -f "$NODE_INCLUDE/uv.h" ] || [ -f /usr/include/uv.h ] ||
    die "no uv.h in $NODE_INCLUDE; install libuv's header (Debian: libuv1-dev), or use Node's own headers"

# Node itself exports the symbols of Node-API and libuv; they are resolved when it loads the addon.
case $(uname -s) in
Darwin) link="-bundle -undefined dynamic_lookup" ;;
*) link="-shared -fPIC -Wl,-z,relro,-z,now" ;;
esac
# shellcheck disable=SC2086 # these are lists of words
"${CC:-cc}" -std=gnu99 -O2 -Wall -Wextra -pedantic -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
    ${CFLAGS:-} $link -I"$here/../../../include" -I"$NODE_INCLUDE" \
    "$here"/egret_ws_node*.c "$here/../egret_ws_host.c" -o "$out" -L"$library" -legret_ws -Wl,-rpath,"$library"
