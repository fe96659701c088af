#!/bin/sh
# javadoc.sh ANDROID_JAR OUT: writes the documentation of the binding's classes, including those for Android only, to the
# directory OUT. JAVADOCFLAGS are more options of javadoc.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

[ $# -eq 2 ] || { echo "usage: javadoc.sh ANDROID_JAR OUT" >&2 && exit 1; }
# shellcheck disable=SC2086 # a list of words
javadoc -quiet -source 8 -bootclasspath "$1" -Xdoclint:reference ${JAVADOCFLAGS:-} -notimestamp -encoding UTF-8 -d "$2" \
    -sourcepath "$here/../compile-only:$here/../compile-only-android" "$here"/../src/org/egret/websocket/*.java \
    "$here"/src/org/egret/websocket/android/*.java
