#!/bin/sh
# classes.sh ANDROID_JAR OUT.jar: compiles the binding's classes, including those for Android only, against android.jar.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

[ $# -eq 2 ] || { echo "usage: classes.sh ANDROID_JAR OUT.jar" >&2 && exit 1; }

classes=$(mktemp -d)
trap 'rm -r "$classes"' EXIT
# The result is class files of Java 8, which all of Android's tools accept. They use only classes of android.jar.
javac -source 8 -target 8 -bootclasspath "$1" -Xlint:all,-options -Werror -encoding UTF-8 -d "$classes" \
    -sourcepath "$here/../compile-only:$here/../compile-only-android" "$here"/../src/org/egret/websocket/*.java \
    "$here"/src/org/egret/websocket/android/*.java
jar --create --file "$2" -C "$classes" org/egret
