#!/bin/sh
# build.sh OUT LIBRARY_DIR [FLAG...]: compiles the shell, which contains its scripts, and links it to libegret_ws.so of LIBRARY_DIR.
#
# Without flags it uses JavaScriptCore, which pkg-config finds. With flags it uses V8: FLAG... are the compiler and linker flags
# for V8. tests/js/v8.sh prints them for Debian's V8.
set -eu
out=$1 library=$(cd "$2" && pwd)
shift 2
cd "$(dirname "$0")/../.."

jsc=javascriptcoregtk-4.1
if [ $# -gt 0 ]; then
    engine=v8 glue=egret_ws_v8.cc standard=c++17
elif pkg-config --exists $jsc; then
    engine=jsc glue=egret_ws_jsc.c standard=c++11
    # shellcheck disable=SC2046 # the flags are words
    set -- $(pkg-config --cflags --libs $jsc)
else
    echo "build.sh: JavaScriptCore is missing (Debian: pkg-config libjavascriptcoregtk-4.1-dev)" >&2
    exit 1
fi
flags="-O2 -g -Wall -Wextra -pedantic -Werror -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Iinclude"
objects=$(mktemp -d)
trap 'rm -r "$objects"' EXIT

for script in bindings/js/egret_ws.js examples/egret_shell/page.js; do
    { printf 'R"SCRIPT('; cat $script; printf ')SCRIPT"\n'; } >"$objects/${script##*/}.inc"
done
# shellcheck disable=SC2086 # the flags are words
{
    "${CC:-cc}" -std=c99 $flags -c bindings/js/egret_ws_host.c -o "$objects/egret_ws_host.o"
    case $glue in
    *.c) "${CC:-cc}" -std=c99 $flags -c bindings/js/$engine/$glue -o "$objects/glue.o" "$@" ;;
    *) "${CXX:-c++}" -std=$standard $flags -c bindings/js/$engine/$glue -o "$objects/glue.o" "$@" ;;
    esac
    "${CXX:-c++}" -std=$standard $flags -I"$objects" -Ibindings/js/$engine examples/egret_shell/main.cpp \
        examples/egret_shell/engine_$engine.cpp "$objects"/*.o -o "$out" \
        -L"$library" -legret_ws -Wl,-rpath,"$library" -Wl,-z,relro,-z,now "$@"
}
