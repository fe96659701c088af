#!/bin/sh
# build.sh OUT LIBRARY_DIR: compiles the shell, with its scripts inside, and links it to libegret_ws.so of LIBRARY_DIR.
set -eu
out=$1 library=$(cd "$2" && pwd)
cd "$(dirname "$0")/../.."

jsc=javascriptcoregtk-4.1
if ! pkg-config --exists $jsc; then
    echo "build.sh: JavaScriptCore is missing (Debian: pkg-config libjavascriptcoregtk-4.1-dev)" >&2
    exit 1
fi
flags="-O2 -g -Wall -Wextra -pedantic -Werror -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Iinclude -Ibindings/js/jsc $(pkg-config --cflags $jsc)"
objects=$(mktemp -d)
trap 'rm -r "$objects"' EXIT

for script in bindings/js/egret_ws.js examples/egret_shell/page.js; do
    { printf 'R"SCRIPT('; cat $script; printf ')SCRIPT"\n'; } >"$objects/${script##*/}.inc"
done
# shellcheck disable=SC2046,SC2086 # the flags are words
{
    for glue in egret_ws_host jsc/egret_ws_jsc; do
        "${CC:-cc}" -std=c99 $flags -c bindings/js/$glue.c -o "$objects/${glue##*/}.o"
    done
    "${CXX:-c++}" -std=c++11 $flags -I"$objects" examples/egret_shell/main.cpp "$objects"/*.o -o "$out" \
        -L"$library" -legret_ws -Wl,-rpath,"$library" -Wl,-z,relro,-z,now $(pkg-config --libs $jsc)
}
