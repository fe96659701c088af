#!/bin/sh
# build.sh JAR COROUTINES OUT.jar: compiles the functions for Kotlin's coroutines against the binding's jar (egret-websocket.jar of
# ../build.sh, or classes.jar of the AAR) and kotlinx-coroutines-core-jvm.jar.
#
# KOTLINC is the compiler; it defaults to `kotlinc` on the PATH. The sources compile with Kotlin 1.4 and kotlinx-coroutines
# 1.3.8, and newer. A jar built by a Kotlin 2 compiler is for programs with Kotlin 2.0 and newer, unless KOTLINC_FLAGS sets
# another
# -language-version.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "build.sh: $*" >&2
    exit 1
}

[ $# -eq 3 ] || die "usage: build.sh JAR COROUTINES OUT.jar"
for jar in "$1" "$2"; do [ -f "$jar" ] || die "$jar does not exist"; done
kotlinc=${KOTLINC:-kotlinc}
command -v "$kotlinc" >/dev/null || die "$kotlinc is missing; install Kotlin's compiler, or set KOTLINC to its path"

# The result is class files of Java 8 without invokedynamic, which all of Android's tools accept, with metadata for older compilers.
if [ -z "${KOTLINC_FLAGS+set}" ]; then
    case $("$kotlinc" -version 2>&1) in
    *kotlinc-jvm\ 1.*) KOTLINC_FLAGS= ;;
    *) KOTLINC_FLAGS="-language-version 2.0 -api-version 2.0 -Xsuppress-version-warnings -Xlambdas=class -Xsam-conversions=class" ;;
    esac
fi
# shellcheck disable=SC2086 # a list of words
"$kotlinc" -Werror -Xexplicit-api=strict -jvm-target 1.8 -no-reflect -module-name egret-websocket-coroutines $KOTLINC_FLAGS \
    -cp "$1:$2" -d "$3" "$here"/src/org/egret/websocket/coroutines/*.kt
