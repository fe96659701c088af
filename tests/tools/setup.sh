#!/usr/bin/env bash
# setup.sh demo|demo-frames|demo-egret|test|dist|asan|tsan|autobahn|vendored|targets|windows|arm64|android|apple|swift|test-cpp|bench|bench-java|instructions|scale|energy|size|docs|check-docs: makes sure that the tools for this purpose are installed.
#
# As root, and if apt-get works, the script installs missing packages from Debian's registry. Otherwise one message lists them. It does
# not require the tools of steps that SKIP names.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/skip.sh

# need PACKAGE COMMAND...: if the command fails, this Debian package is recorded as missing.
# need_other ADVICE COMMAND...: the same for commands that no Debian package provides.
packages=() others=()
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 </dev/null || packages+=("$package")
}
need_other() {
    local advice=$1
    shift
    "$@" >/dev/null 2>&1 </dev/null || others+=("$advice")
}
compiles() { # COMPILER LANGUAGE HEADER: a compiler without the headers of its library is not sufficient
    echo "#include <$3>" | "$1" -x "$2" -fsyntax-only -
}

check_c() {
    need_other "Rust 1.88 or newer, by rustup" cargo --version
    need gcc command -v "${CC:-cc}"
    need libc6-dev compiles "${CC:-cc}" c stdio.h
}

# OpenSSL comes from the system, or is built from its sources.
check_openssl() {
    [ "$1" = vendored ] || [ -n "$(tests/tools/features.sh)" ] || return 0
    need perl perl -MIPC::Cmd -e 1
    need make make --version
}

check_cpp() {
    need g++ compiles "${CXX:-c++}" c++ vector
}

check_test() {
    need git git --version
    need libssl-dev compiles "${CC:-cc}" c openssl/ssl.h # the TLS provider of the examples
    need pkg-config pkg-config --version
    need libglib2.0-dev pkg-config --exists glib-2.0 # their event loops, and the next one
    need libuv1-dev pkg-config --exists libuv
    need_other "rustfmt, by rustup component add rustfmt" cargo fmt --version
    need_other "clippy, by rustup component add clippy" cargo clippy --version
    need binutils nm --version
    need binutils readelf --version
    need abigail-tools abidiff --version
    # Programs of docs/migration.
    need libwebsockets-dev compiles "${CC:-cc}" c libwebsockets.h
    need libwebsocketpp-dev compiles "${CXX:-c++}" c++ websocketpp/version.hpp
    need libboost-dev compiles "${CXX:-c++}" c++ boost/asio/version.hpp
    check_clang
}

# Both compilers compile the C++ binding.
check_clang() {
    has_clang || need clang false
}

has_clang() { # sets `clang`, as tests/cpp/build.rs does
    for clang in clang++ $(compgen -c clang++- | sort -ruV); do
        ! "$clang" --version >/dev/null 2>&1 || return 0
    done
    return 1
}

links_with_asan() { # COMPILER
    local program status=0
    program=$(mktemp)
    echo 'int main() {}' | "$1" -x c++ -fsanitize=address,undefined - -o "$program" || status=$?
    rm "$program"
    return $status
}

# The JNI library is also linked for Android.
check_shim_of_android() {
    check_sanitizers
    need android-libnativehelper-dev test -e /usr/include/android/nativehelper/jni.h
    need python3-pip python3 -m pip --version
    [ -z "$llvm" ] || need "llvm-$llvm" command -v "llvm-strip-$llvm"
}

check_java() {
    need openjdk-17-jdk-headless javac -version
    need junit5 dpkg-query --status junit5
    need proguard-cli dpkg-query --status proguard-cli
    need maven test -e /usr/share/maven/lib/maven-core-3.x.jar
    need libmaven-resolver-java test -e /usr/share/java/maven-resolver-transport-file.jar
    need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'
    need nodejs node --version
    need npm npm --version
}

# The example with a window, and an X server for its test.
check_sdl() {
    need pkg-config pkg-config --version
    need libsdl2-dev pkg-config --exists sdl2
    need xvfb command -v Xvfb
}

check_cmake() {
    need cmake cmake --version
    need pkg-config pkg-config --version
}

# Third-party servers and proxies. Their programs are in the `sbin` directories.
check_peers() {
    local PATH=$PATH:/usr/sbin:/sbin
    need openssl openssl version
    need util-linux setpriv --version
    need nginx-light command -v nginx
    need haproxy command -v haproxy
    need stunnel4 command -v stunnel4
    need tinyproxy-bin command -v tinyproxy
    need ncat command -v ncat
    need microsocks command -v microsocks
    need dante-server command -v danted
    need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'
    need python3-venv python3 -c 'import ensurepip, venv'
    need nodejs node --version
    need npm npm --version
}

check_netns() {
    local PATH=$PATH:/usr/sbin:/sbin
    need iproute2 ip -Version
    need util-linux unshare --version
    need util-linux setpriv --version
    need tayga command -v tayga
    need unbound command -v unbound
}

check_swift() {
    local PATH=$PATH:/usr/sbin:/sbin
    need debootstrap command -v debootstrap
    need util-linux unshare --version
}

check_autobahn() {
    need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'
    need python3-venv python3 -c 'import ensurepip, venv'
}

# The Egret shell, and the engine, which npm fetches.
check_js() {
    need pkg-config pkg-config --version
    need libjavascriptcoregtk-4.1-dev pkg-config --exists javascriptcoregtk-4.1
    need nodejs node --version
    need npm npm --version
    need libnode-dev test -e "${NODE_INCLUDE:-/usr/include/node}/node_api.h"
}

# sanitizer.sh and check_targets.sh explain why this compiler is needed.
check_sanitizers() { # sets `llvm`
    local package
    for package in rustc-web cargo-web rust-web-src; do
        need "$package" dpkg-query --status "$package"
    done
    if llvm=$(/usr/bin/rustc -vV 2>/dev/null | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p') && [ -n "$llvm" ]; then
        need "clang-$llvm" "clang-$llvm" --version
        need "libclang-rt-$llvm-dev" dpkg-query --status "libclang-rt-$llvm-dev"
        need "lld-$llvm" command -v "ld.lld-$llvm"
    fi
}

# The lab of benches/: `instructions`, `scale` and `energy` need only the client of egret-ws, `bench` also the other libraries.
check_lab() {
    need libssl-dev compiles "${CC:-cc}" c openssl/ssl.h
    need openssl openssl version
    need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

check_instructions() {
    check_lab
    need g++ compiles "${CXX:-c++}" c++ vector
    need valgrind valgrind --version
    need strace strace --version
}

check_bench_java() {
    need openjdk-17-jdk-headless javac -version
    need libokhttp-java dpkg-query --status libokhttp-java
    need libnetty-java dpkg-query --status libnetty-java
    need libtomcat9-java dpkg-query --status libtomcat9-java
}

check_bench_peers() {
    need python3-venv python3 -c 'import ensurepip, venv'
    need nodejs node --version
    need npm npm --version
    need libwebsockets-dev compiles "${CC:-cc}" c libwebsockets.h
    need libboost-dev compiles "${CXX:-c++}" c++ boost/beast/version.hpp
    need libwebsocketpp-dev compiles "${CXX:-c++}" c++ websocketpp/version.hpp
    need libcurl4-openssl-dev compiles "${CC:-cc}" c curl/curl.h
    need libwslay-dev compiles "${CXX:-c++}" c++ wslay/wslay.h
    need binutils strip --version
}

# Together with the tools of check_sanitizers, LLVM's tools link for Apple's systems (packaging/apple/toolchain.sh) and Android
# (packaging/android/toolchain.sh).
check_llvm() {
    [ -z "$llvm" ] || need "lld-$llvm" command -v "ld64.lld-$llvm"
    [ -z "$llvm" ] || need "llvm-$llvm" command -v "llvm-lipo-$llvm"
}

# wine, with the libraries that its Schannel needs.
check_wine() {
    need g++-mingw-w64-x86-64-posix command -v x86_64-w64-mingw32-g++-posix
    need wine64 test -x /usr/lib/wine/wine64
    need libgnutls30 dpkg-query --status libgnutls30
}

has_server() { # COMMAND: succeeds if it is in PATH or in the `sbin` directories
    PATH=$PATH:/usr/sbin:/sbin command -v "$1"
}

# Each part of packaging/dist adds the tools that it needs.
check_dist() {
    check_llvm
    need git git --version
    need minisign command -v minisign
    need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'
    need python3-venv python3 -c 'import ensurepip, venv'
    need cmake cmake --version
    need pkg-config pkg-config --version
    [ -z "$llvm" ] || need "llvm-$llvm" command -v "llvm-objcopy-$llvm"
    # Android, HarmonyOS, Java, npm, recipes.
    check_java
    need android-libnativehelper-dev test -e /usr/include/android/nativehelper/jni.h
    need libnode-dev test -e "${NODE_INCLUDE:-/usr/include/node}/node_api.h"
    need gcc-mingw-w64-x86-64-posix command -v x86_64-w64-mingw32-gcc-posix
    check_wine
    need unzip unzip -v
    need qemu-user qemu-aarch64 --version
    need ruby ruby --version
    # Linux: the packages for arm64, and the tests of all packages.
    need gcc-aarch64-linux-gnu command -v aarch64-linux-gnu-gcc
    need g++-aarch64-linux-gnu command -v aarch64-linux-gnu-g++
    need libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdio.h
    need debian-archive-keyring test -e /usr/share/keyrings/debian-archive-keyring.gpg
    need dpkg-dev dpkg-shlibdeps --version
    need lintian lintian --version
    need debootstrap test -x /usr/sbin/debootstrap
}

check() {
    packages=() others=()
    check_c
    check_openssl "$1"
    case $1 in
    demo) ;;
    vendored)
        check_cpp
        check_cmake
        need binutils readelf --version
        need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'
        need libssl-dev compiles "${CC:-cc}" c openssl/ssl.h # another OpenSSL beside ours
        ;;
    docs)
        need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'
        need doxygen doxygen --version
        need openjdk-17-jdk-headless javadoc --version
        ;;
    check-docs) need python3 python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' ;;
    size)
        need binutils nm --version
        need python3 python3 --version
        ;;
    autobahn) check_autobahn ;;
    demo-frames) check_cpp ;;
    demo-egret)
        check_cpp
        check_js
        ;;
    targets)
        check_sanitizers
        need gcc-mingw-w64-x86-64-posix command -v x86_64-w64-mingw32-dlltool
        need binutils readelf --version
        need libnode-dev test -e "${NODE_INCLUDE:-/usr/include/node}/node_api.h"
        ;;
    windows)
        check_sanitizers
        need gcc-mingw-w64-x86-64-posix command -v x86_64-w64-mingw32-gcc-posix
        check_wine
        need cmake cmake --version
        need openssl openssl version
        need nginx-light has_server nginx
        need haproxy has_server haproxy
        ;;
    arm64)
        check_sanitizers
        check_openssl vendored
        need gcc-aarch64-linux-gnu command -v aarch64-linux-gnu-gcc
        need g++-aarch64-linux-gnu command -v aarch64-linux-gnu-g++
        need libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdio.h
        need qemu-user qemu-aarch64 --version
        ;;
    apple)
        check_sanitizers
        check_llvm
        ;;
    android)
        check_java
        check_shim_of_android
        need binutils ar --version
        ;;
    dist)
        check_sanitizers
        check_openssl vendored
        check_dist
        ;;
    # The other tools are in the Debian system that tests/swift/setup.sh makes.
    swift) check_swift ;;
    asan | tsan)
        check_cpp
        check_sanitizers
        ;;
    test-cpp)
        check_cpp
        check_clang
        ! has_clang || need "libclang-rt-$("$clang" -dumpversion | cut -d. -f1)-dev" links_with_asan "$clang"
        ;;
    scale | energy) check_lab ;;
    instructions) check_instructions ;;
    bench-java)
        check_lab
        check_bench_java
        ;;
    bench)
        check_instructions
        check_bench_peers
        check_bench_java
        check_js
        ;;
    test)
        check_cpp
        check_test
        check_peers
        skipped netns || check_netns
        skipped cmake || check_cmake
        skipped sdl || check_sdl
        skipped java || { check_java && check_shim_of_android && need libokhttp-java dpkg-query --status libokhttp-java; }
        skipped doxygen || need doxygen doxygen --version
        skipped valgrind || need valgrind valgrind --version
        skipped instructions || check_instructions
        skipped autobahn || check_autobahn
        skipped js || { check_js && need chromium "${CHROMIUM:-chromium}" --version; }
        { skipped asan && skipped tsan && skipped apple && skipped android; } || check_sanitizers
        { skipped apple && skipped android; } || check_llvm
        skipped android || need android-libnativehelper-dev test -e /usr/include/android/nativehelper/jni.h
        ;;
    *) echo "setup.sh: unknown purpose: $1" >&2 && exit 2 ;;
    esac
    [ ${#packages[@]} -eq 0 ] && [ ${#others[@]} -eq 0 ]
}

install() {
    local log
    log=$(mktemp)
    echo "Installing ${packages[*]} ..."
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    rm "$log"
}

check "$1" && exit
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # At most twice: the required version of clang is known only after the compiler is installed.
    for _ in 1 2; do
        [ ${#packages[@]} -eq 0 ] || install || break
        check "$1" && exit
    done
fi

echo "setup.sh: these tools are missing:" >&2
[ ${#packages[@]} -eq 0 ] || echo "  apt-get install --no-install-recommends ${packages[*]}" >&2
[ ${#others[@]} -eq 0 ] || printf '  %s\n' "${others[@]}" >&2
[ "$1" != test ] || echo "Or leave out what needs them, by SKIP=\"$skippable\" or some of these words." >&2
exit 1
