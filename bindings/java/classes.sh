#!/bin/sh
# classes.sh OUT: compiles the binding's classes for the JVMs of desktops and servers into the folder OUT. JAVA_HOME defaults to the
# JDK of the PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

[ $# -eq 1 ] || { echo "usage: classes.sh OUT" >&2 && exit 1; }
# The result is class files of Java 8, which all of Android's tools accept.
"${JAVA_HOME:+$JAVA_HOME/bin/}javac" --release 8 -Xlint:all,-options -Xdoclint:reference -Werror -encoding UTF-8 -d "$1" \
    -sourcepath "$here/compile-only" "$here"/src/org/egret/websocket/*.java
