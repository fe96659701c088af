#!/usr/bin/env bash
# java.sh DIST: makes the jar for JVMs on desktops and servers, which contains the library for each platform. Also makes its
# sources, its documentation and its debug files, and java/maven, a Maven repository with them.
#
# For each platform, the JNI shim and the library are one file. For Android there is the AAR: see android.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/addon.sh"
[ $# -eq 1 ] || die "usage: java.sh DIST"
dist=$1
java=$root/bindings/java
work=$build_dir/java
classes=$work/classes
natives=$classes/org/egret/websocket/native
debug=$work/debug

command -v javac >/dev/null || cannot "javac is missing (Debian: openjdk-17-jdk-headless)"
JAVA_HOME=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
export JAVA_HOME
rm -rf "$work"
mkdir -p "$natives" "$debug"

# The types of jni.h for each system: a JDK contains them only for its own system.
for system in linux windows; do
    mkdir -p "$work/jni-$system"
    cp "$JAVA_HOME/include/jni.h" "$work/jni-$system/"
done
cat >"$work/jni-linux/jni_md.h" <<'HEADER'
#define JNIEXPORT __attribute__((visibility("default")))
#define JNIIMPORT
#define JNICALL
typedef int jint;
typedef long jlong;
typedef signed char jbyte;
HEADER
cat >"$work/jni-windows/jni_md.h" <<'HEADER'
#define JNIEXPORT __declspec(dllexport)
#define JNIIMPORT __declspec(dllimport)
#define JNICALL __stdcall
typedef long jint;
typedef long long jlong;
typedef signed char jbyte;
HEADER

shim() { # PLATFORM FILE COMPILER LINK...: compiles the shim with `library` into FILE
    local platform=$1 file=$2 compiler=$3
    shift 3
    mkdir -p "$work/$platform"
    (cd "$root" && "$compiler" -std=c99 -O2 -g -Wall -Wextra -fstack-protector-strong -fvisibility=hidden -shared \
        -ffile-prefix-map="$root=/egret-ws" -ffile-prefix-map="$build_dir=/build" \
        -Iinclude -I"$work/jni-${platform%%-*}" bindings/java/jni/*.c "$library" -o "$work/$platform/$file" "$@")
    split_debug "$work/$platform/$file" "$natives/$platform/$file" "$debug/$platform"
}

exports_of_addon "$work/exports.map" JNI_OnLoad
for arch in x86_64 arm64; do
    linux_library "$arch"
    shim "linux-$arch" libegret_ws_jni.so "$cc" -fPIC -Wl,--version-script="$work/exports.map" -Wl,-soname,libegret_ws_jni.so \
        "${addon_link_flags[@]}" -Wl,-z,defs -lpthread -ldl -lm
done
library=$build_dir/windows-x86_64/debug/libegret_ws.a
if [ -f "$library" ] && command -v x86_64-w64-mingw32-gcc-posix >/dev/null; then
    shim windows-x86_64 egret_ws_jni.dll x86_64-w64-mingw32-gcc-posix -static -Wl,--no-insert-timestamp -lws2_32 -luserenv -lntdll -ldbghelp
else
    echo "CANNOT: the jar has no library for Windows: make the part windows first"
fi

"$java/classes.sh" "$classes"
rm -rf "$classes/org/jetbrains"
mkdir -p "$classes/META-INF"
# With this entry the module keeps its name if it later becomes a real module.
printf '%s\r\n' 'Manifest-Version: 1.0' 'Automatic-Module-Name: org.egret.websocket' "Implementation-Title: egret-websocket" \
    "Implementation-Version: $version" '' >"$classes/META-INF/MANIFEST.MF"
notices=$root/packaging/notices
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$classes/META-INF/"
cp "$notices/linux-vendored.txt" "$classes/META-INF/THIRD-PARTY-NOTICES.txt"
[ ! -d "$natives/windows-x86_64" ] || cp "$notices/windows.txt" "$classes/META-INF/THIRD-PARTY-NOTICES-windows.txt"

mkdir -p "$work/sources" "$work/javadoc"
cp -R "$java/src/org" "$work/sources/"
"$JAVA_HOME/bin/javadoc" -quiet --release 8 -Xdoclint:reference -notimestamp -encoding UTF-8 -d "$work/javadoc" \
    -sourcepath "$java/compile-only" "$java"/src/org/egret/websocket/*.java
name=egret-websocket-$version
for part in sources javadoc; do
    mkdir -p "$work/$part/META-INF"
    cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$work/$part/META-INF/"
    pack --flat "$dist/$name-$part.jar" "$work/$part"
done
pack --flat "$dist/$name.jar" "$classes"
pack "$dist/$name-debug.zip" "$debug"
rm -rf "$dist/java"
PYTHONPATH=$java/android python3 -c 'import maven, pathlib, sys
jar, repository, version = sys.argv[1:]
maven.publish(pathlib.Path(repository), "egret-websocket-jvm", version, "jar",
              "The WebSocket of native Egret game shells, for Java and Kotlin on Linux and Windows",
              {end: jar + end for end in (".jar", "-sources.jar", "-javadoc.jar")})' "$dist/$name" "$dist/java/maven" "$version"
made "$name.jar" "$name-sources.jar" "$name-javadoc.jar" "$name-debug.zip" java/
