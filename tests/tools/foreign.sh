#!/usr/bin/env bash
# foreign.sh windows|arm64: runs the programs of tests/c on another system: as a Windows DLL under wine, or on arm64 Linux under
# qemu. Debian's Rust builds the library for it (see check_targets.sh). The servers of the tests run on this system. The
# static library is linked beside another Rust library. For Windows, wss, the installation and the CMake package are also
# tested.
#
# wine uses this machine's CPU and qemu emulates one, so they do not test speed or memory ordering.
set -euo pipefail
cd "$(dirname "$0")/../.."
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}/foreign")
export RUSTC_BOOTSTRAP=1

build() { # TARGET [OPTION...]
    local target=$1
    shift
    RUSTC=/usr/bin/rustc /usr/bin/cargo build --locked --lib -Zbuild-std=std,panic_unwind --target "$target" \
        --target-dir "$target_dir" "$@"
    export EGRET_WS_TEST_LIB_DIR=$target_dir/$target/debug
}

case $1 in
windows)
    compiler=x86_64-w64-mingw32
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$compiler-gcc-posix
    build x86_64-pc-windows-gnu
    run_dir=$target_dir/wine
    mkdir -p "$run_dir"
    # wine 8 lacks this DLL, from which Rust's standard library takes its random numbers.
    $compiler-gcc-posix -shared -o "$run_dir/bcryptprimitives.dll" tests/c/windows/bcryptprimitives.c -ladvapi32
    threads=$($compiler-gcc-posix -print-file-name=libwinpthread-1.dll)
    [ -f "$threads" ] || threads=/usr/$compiler/lib/libwinpthread-1.dll
    cp "$threads" "$EGRET_WS_TEST_LIB_DIR/egret_ws.dll" "$run_dir"
    export WINEPREFIX=$run_dir/prefix WINEDEBUG=-all WINEPATH=$run_dir
    export EGRET_WS_TEST_CC=$compiler-gcc-posix EGRET_WS_TEST_CXX=$compiler-g++-posix
    export EGRET_WS_TEST_CFLAGS="-include tests/c/windows/posix.h -Itests/c/windows -static-libgcc -static-libstdc++"
    export EGRET_WS_TEST_LINK="-L$EGRET_WS_TEST_LIB_DIR -legret_ws -lws2_32"
    export EGRET_WS_TEST_RUNNER=/usr/lib/wine/wine64
    # These programs replace a function of the C library, fork, wait for signals or descriptors, load libraries with dlopen, bind a port
    # that was just closed, or check the error of a socket. Windows has no such function, or it behaves differently.
    skip=(abort close_report descriptor fork fork_exec fork_in_callback hooks name_lookups never_blocks opening_stages panic process_exit resend retry sigpipe timeouts unload_library wakeup_callback)
    "$EGRET_WS_TEST_RUNNER" wineboot --init >/dev/null 2>&1 || true
    ;;
arm64)
    compiler=aarch64-linux-gnu
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$compiler-gcc
    export CC_aarch64_unknown_linux_gnu=$compiler-gcc AR_aarch64_unknown_linux_gnu=$compiler-ar
    # OpenSSL is built from its sources, because this machine has none for arm64.
    build aarch64-unknown-linux-gnu --features vendored
    export EGRET_WS_TEST_CC=$compiler-gcc EGRET_WS_TEST_CXX=$compiler-g++
    export EGRET_WS_TEST_RUNNER="qemu-aarch64 -L /usr/$compiler" EGRET_WS_TEST_CFLAGS=-DTRANSLATED
    # This program starts itself again. That works only if the kernel is configured to use qemu.
    skip=(fork_exec)
    ;;
*) echo "foreign.sh: windows or arm64, not $1" >&2 && exit 2 ;;
esac
unset RUSTC_BOOTSTRAP
cargo test --locked --test c_programs --no-fail-fast -- "${skip[@]/#/--skip=}"
# TLS of the platform: Schannel, as far as wine supports it (tests/README.md).
[ "$1" != windows ] || cargo test --locked --test wss_program --no-fail-fast

cargo build --locked --quiet --package egret-ws-tools --bin egret-ws-echo
echo_server=${CARGO_TARGET_DIR:-target}/debug/egret-ws-echo
plays() { # PROGRAM: runs it against an echo server, under wine or qemu
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$EGRET_WS_TEST_RUNNER" "$1" >"$1.sh"
    chmod +x "$1.sh"
    tests/tools/with_echo_server.sh "$echo_server" "$1.sh"
}

# The static library as one object, beside another static library of Rust, in both orders: panics are caught in both.
beside_another_library() { # TARGET LIBRARY...
    local deps=$target_dir/$1/debug/deps out=$target_dir/beside-$1 library=() crate order
    mkdir -p "$out"
    for crate in std core alloc compiler_builtins panic_unwind; do
        # shellcheck disable=SC2012 # the newest one
        library+=(--extern "$crate=$(ls -t "$deps/lib$crate"-*.rlib | head -n 1)")
    done
    RUSTC_BOOTSTRAP=1 /usr/bin/rustc --edition 2024 --crate-type staticlib -Cpanic=unwind --crate-name second --target "$1" \
        --sysroot "$out" -Ldependency="$deps" "${library[@]}" tests/static_libraries/second.rs -o "$out/second.a"
    packaging/one_object.py --strip-debug "$EGRET_WS_TEST_LIB_DIR/libegret_ws.a" "$out/egret_ws.a"
    shift
    for order in "egret_ws second" "second egret_ws"; do
        # shellcheck disable=SC2086 # lists of words
        $EGRET_WS_TEST_CC -std=gnu99 -DPANICS -Iinclude tests/static_libraries/program.c \
            $(printf "$out/%s.a " $order) "$@" -o "$out/program.exe"
        plays "$out/program.exe"
    done
}

if [ "$1" = arm64 ]; then
    beside_another_library aarch64-unknown-linux-gnu -lpthread -ldl -lm
    exit
fi

# The static library, with the libraries that docs/building.md lists.
needs=$(sed -n 's/^| Windows, MinGW | `\([^`]*\)`.*/\1/p' docs/building.md)
# shellcheck disable=SC2086 # a list of words
$EGRET_WS_TEST_CC -std=c99 -Iinclude examples/hello.c "$EGRET_WS_TEST_LIB_DIR/libegret_ws.a" $needs -o "$run_dir/hello.exe"
plays "$run_dir/hello.exe"

# shellcheck disable=SC2086
beside_another_library x86_64-pc-windows-gnu -static-libgcc $needs

packaging/install.sh "$EGRET_WS_TEST_LIB_DIR" "$run_dir/installed"
for is_static in OFF ON; do
    cmake -S examples/cmake_shell -B "$run_dir/shell-$is_static" -DCMAKE_SYSTEM_NAME=Windows \
        -DCMAKE_C_COMPILER="$EGRET_WS_TEST_CC" -DCMAKE_CXX_COMPILER="$EGRET_WS_TEST_CXX" \
        -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_PREFIX_PATH="$run_dir/installed" -DEGRET_WS_STATIC=$is_static >/dev/null
    cmake --build "$run_dir/shell-$is_static"
    plays "$run_dir/shell-$is_static/shell.exe"
done
