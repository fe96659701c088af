#!/usr/bin/env bash
# use_prefix.sh PREFIX LIBDIR: compiles programs against the library that is installed in PREFIX, with its libraries in
# PREFIX/LIBDIR. It uses pkg-config and CMake, C and C++, the shared and the static library. It runs the programs with
# egret-ws-echo of PREFIX, with ws and wss.
#
# Environment variables: CC, CXX (if it is not set, C++ is left out), CMAKE=no, CMAKE_SETTINGS, STATIC_LIBRARIES (libraries of the
# compiler), RUNNER (a command that runs programs), LINKS="shared static".
set -euo pipefail
prefix=$1 libdir=$2
root=$(cd "$(dirname "$0")/../../.." && pwd)
read -r -a runner <<<"${RUNNER:-}"
read -r -a cmake_settings <<<"${CMAKE_SETTINGS:-}"
CC=${CC:-cc}
scratch=$(mktemp -d)
. "$(dirname "$0")/server.sh"
trap 'stop_server; rm -rf "$scratch"' EXIT

if [ "$prefix" != /usr ]; then
    export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
    cmake_settings+=("-DCMAKE_PREFIX_PATH=$prefix")
    rpath=-Wl,-rpath,$prefix/$libdir
else
    rpath=-Wl,--as-needed # the system finds the library without an rpath
fi
unset LD_LIBRARY_PATH

plays() { # PROGRAM [shared|static]: exchanges a message with ws and wss
    local needs
    needs=$(readelf --dynamic --wide "$1" | grep -c 'NEEDED.*libegret_ws' || true)
    [ "$needs" = "$([ "$2" = shared ] && echo 1 || echo 0)" ] || die "$1 is linked wrongly: it must use the $2 library"
    start_server "${runner[@]}" "$prefix/bin/egret-ws-echo"
    "${runner[@]}" "$1" "$url" >"$scratch/said" || die "$1 $url failed"
    stop_server
    start_server "${runner[@]}" "$prefix/bin/egret-ws-echo" --tls --ca-file "$scratch/ca.pem"
    SSL_CERT_FILE=$scratch/ca.pem "${runner[@]}" "$1" "$url" >"$scratch/said" || die "$1 $url failed"
    ! SSL_CERT_FILE=/nowhere SSL_CERT_DIR=/nowhere "${runner[@]}" "$1" "$url" >"$scratch/said" 2>&1 || die "$1 trusts an unknown issuer"
    stop_server
}

for link in ${LINKS:-shared static}; do
    flags=$([ "$link" = shared ] || echo --static)
    # shellcheck disable=SC2046,SC2086 # lists of words
    "$CC" -std=c99 -Wall -Wextra -Werror "$root/examples/hello.c" $(pkg-config --cflags --libs $flags egret_ws) \
        $([ "$link" = shared ] || echo "${STATIC_LIBRARIES:-}") "$rpath" -o "$scratch/hello-$link"
    plays "$scratch/hello-$link" "$link"
    [ "${CXX-c++}" ] || continue
    # shellcheck disable=SC2046,SC2086
    "${CXX:-c++}" -std=c++17 -Wall -Wextra -Werror "$root/examples/cmake_shell/shell.cpp" $(pkg-config --cflags --libs $flags egret_ws) \
        $([ "$link" = shared ] || echo "${STATIC_LIBRARIES:-}") "$rpath" -o "$scratch/shell-$link"
    start_server "${runner[@]}" "$prefix/bin/egret-ws-echo"
    "${runner[@]}" "$scratch/shell-$link" "$url" 20 >"$scratch/said" || die "shell-$link failed"
    stop_server
done

if [ "${CMAKE:-}" != no ]; then
    for static in OFF ON; do
        cmake -S "$root/examples/cmake_shell" -B "$scratch/build-$static" -DEGRET_WS_STATIC=$static -DCMAKE_C_COMPILER="$CC" \
            -DCMAKE_CXX_COMPILER="${CXX:-c++}" "${cmake_settings[@]}" >"$scratch/cmake.log" || die "$(cat "$scratch/cmake.log")"
        cmake --build "$scratch/build-$static" >"$scratch/cmake.log" 2>&1 || die "$(cat "$scratch/cmake.log")"
        start_server "${runner[@]}" "$prefix/bin/egret-ws-echo"
        "${runner[@]}" "$scratch/build-$static/shell" "$url" 20 >"$scratch/said" || die "CMake's shell failed, static: $static"
        stop_server
    done
fi

start_server "${runner[@]}" "$prefix/bin/egret-ws-echo" --tls --ca-file "$scratch/ca.pem"
"${runner[@]}" "$prefix/bin/egret-ws-doctor" --roots "$scratch/ca.pem" "$url" >"$scratch/said" || die "the doctor: $(cat "$scratch/said")"
! "${runner[@]}" "$prefix/bin/egret-ws-doctor" "$url" >"$scratch/said" || die "the doctor trusts an unknown issuer"
stop_server
