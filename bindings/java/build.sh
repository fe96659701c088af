#!/bin/sh
# build.sh LIB_DIR OUT: compiles the binding for this machine's Java, against the libegret_ws in LIB_DIR.
#
# Writes egret-websocket.jar, libegret_ws_jni.so and a copy of libegret_ws.so to OUT; libegret_ws_jni.so loads libegret_ws.so from
# its own folder. CC, CFLAGS and JAVA_HOME have their usual meaning; JAVA_HOME defaults to that of `javac`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "build.sh: $*" >&2
    exit 1
}

[ $# -eq 2 ] || die "usage: build.sh LIB_DIR OUT"
library=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)

if [ -z "${JAVA_HOME:-}" ]; then
    command -v javac >/dev/null || die "javac is missing; install a JDK (Debian: openjdk-17-jdk-headless)"
    JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
fi
[ -f "$JAVA_HOME/include/jni.h" ] || die "no include/jni.h in $JAVA_HOME; install a whole JDK"

case $(uname -s) in
Darwin) machine=darwin suffix=dylib here_path=@loader_path relro="" ;;
*) machine=linux suffix=so here_path=\$ORIGIN relro=-Wl,-z,relro,-z,now ;;
esac

classes=$(mktemp -d)
trap 'rm -r "$classes"' EXIT
JAVA_HOME=$JAVA_HOME "$here/classes.sh" "$classes"
"$JAVA_HOME/bin/jar" --create --file "$out/egret-websocket.jar" -C "$classes" org/egret

cp "$library/libegret_ws.$suffix" "$out"
# shellcheck disable=SC2086 # a list of words
"${CC:-cc}" -std=c99 -O2 -Wall -Wextra -pedantic -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 ${CFLAGS:-} \
    -shared -fPIC -fvisibility=hidden $relro -I"$here/../../include" \
    -I"$JAVA_HOME/include" -I"$JAVA_HOME/include/$machine" "$here"/jni/*.c -o "$out/libegret_ws_jni.$suffix" \
    -L"$out" -legret_ws -lpthread -Wl,-rpath,"$here_path"
