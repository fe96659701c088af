#!/usr/bin/env bash
# windows.sh DIST: uses the package for Windows under wine, with MinGW and for Visual Studio's ABI. As on a user's machine, each
# program is in one folder with egret_ws.dll.
set -euo pipefail
. "$(dirname "$0")/common.sh"
here=$root/tests/dist/windows
mingw=x86_64-w64-mingw32
wine=/usr/lib/wine/wine64
export LLVM=$llvm
for tool in $mingw-gcc-posix $mingw-g++-posix $wine clang-$llvm clang-cl-$llvm lld-link-$llvm llvm-rc-$llvm llvm-mt-$llvm cmake unzip; do
    command -v "$tool" >/dev/null || cannot "the package for Windows is tested with $tool: see check_dist in tests/tools/setup.sh"
done
name=egret-ws-$version-windows-x86_64
unzip -q "$(artefact "$name.zip")" -d "$work"
unzip -q "$(artefact "$name-debug.zip")" -d "$work"
package=$work/$name

(cd "$package" && find . -type f) | must_contain ./LICENSE-MIT ./LICENSE-APACHE ./THIRD-PARTY-NOTICES.txt ./bin/egret_ws.dll \
    ./bin/egret-ws-doctor.exe ./bin/egret-ws-echo.exe ./lib/libegret_ws.dll.a ./lib/libegret_ws.a ./lib/egret_ws.lib ./include/egret_ws.h
grep -q native-tls "$package/THIRD-PARTY-NOTICES.txt" || die "the notices do not name native-tls"
[ -z "$(find "$package" -type l)" ] || die "the package contains symbolic links, which Windows does not unpack"
ok "files of the package: $(stat -c %s "$dist/$name.zip") bytes; the DLL: $(stat -c %s "$package/bin/egret_ws.dll") bytes"

# Check the files, and check that the check finds faults.
header=$package/include/egret_ws.h dll=$package/bin/egret_ws.dll
check() { "$root/packaging/dist/windows/check_pe.py" "$@"; }
check --exports "$header" --version "$version" --debug "$work/$name-debug/egret_ws.dll.debug" --forbid "$root" --forbid "$HOME/" "$dll"
for program in doctor echo; do
    check --debug "$work/$name-debug/egret-ws-$program.exe.debug" --forbid "$root" "$package/bin/egret-ws-$program.exe"
done
refused() { # WORDS ARGUMENT...: fails unless the check refuses a file and prints these words
    local words=$1 printed
    shift
    ! printed=$(check "$@" 2>&1) || die "the check accepts $*"
    grep -qF -- "$words" <<<"$printed" || die "the check of $* does not print \"$words\": $printed"
}
grep -v '^int32_t egret_ws_loop_poll(' "$header" >"$work/less.h"
(cat "$header" && echo 'int32_t egret_ws_invented(void);') >"$work/more.h"
refused "exports egret_ws_loop_poll, which it should not" --exports "$work/less.h" "$dll"
refused "does not export egret_ws_invented" --exports "$work/more.h" "$dll"
refused "is a DLL, not a program" "$dll"
refused "FileVersion $version in its version resource, not 9.9.9" --exports "$header" --version 9.9.9 "$dll"
refused "contains egret_ws_loop_poll" --exports "$header" --forbid egret_ws_loop_poll "$dll"
refused "and its debug file has" --exports "$header" --debug "$work/$name-debug/egret-ws-echo.exe.debug" "$dll"
refused "is damaged" <(head -c 5000 "$dll")
echo 'int egret_ws_one(void) { throw 1; }' >"$work/bad.cpp"
echo 'int egret_ws_one(void);' >"$work/one.h"
$mingw-g++-posix -g -shared "$work/bad.cpp" -o "$work/bad.dll" -Wl,--disable-dynamicbase,--disable-nxcompat
for words in "which is not in imports.txt: is it a DLL of the compiler" "random address (ASLR)" "no DEP" "the time of its link" \
    "is not stripped" "has no build ID"; do
    refused "$words" --exports "$work/one.h" "$work/bad.dll"
done
ok "the check of DLLs, and 13 faults that it finds"

# A debug file maps an address to a line of our sources.
address=$(llvm nm "$work/$name-debug/egret_ws.dll.debug" | awk '$3 == "egret_ws_loop_poll" { print $1 }')
llvm symbolizer --obj="$work/$name-debug/egret_ws.dll.debug" "0x$address" | grep '/egret-ws/src/' >/dev/null || die "the debug file has no line for egret_ws_loop_poll"
ok "the debug file"

# Set up wine and add its missing parts. Its memory is limited, because all of its programs share this machine.
app=$work/app
mkdir "$app"
cp "$dll" "$app/"
mkdir "$work/wine"
$mingw-gcc-posix -shared -o "$work/wine/bcryptprimitives.dll" "$root/tests/c/windows/bcryptprimitives.c" -ladvapi32
export WINEPREFIX=$work/prefix WINEDEBUG=-all WINEPATH=$work/wine
servers_of_wine() { WINEPREFIX=$work/prefix /usr/lib/wine/wineserver64 -k >/dev/null 2>&1 || :; }
trap 'servers_of_wine; for server in "${servers[@]}"; do kill "$server" 2>/dev/null || :; done; rm -rf "$work"' EXIT
timeout 120 "$wine" wineboot --init >/dev/null 2>&1 || :
run=$work/run
printf '#!/bin/sh\nulimit -v 40000000\nexec timeout 120 %s "$@"\n' "$wine" >"$run"
chmod +x "$run"

start_echo
ws=$url
start_echo --tls
wss=$url

# MinGW: compile by hand, with pkg-config and with CMake, with the DLL and the static library.
cc=(x86_64-w64-mingw32-gcc-posix -std=c99 -Wall -Wextra -pedantic)
"${cc[@]}" -I"$package/include" "$root/examples/hello.c" -L"$package/lib" -legret_ws -o "$app/by_hand.exe"
expect "received: Hello Egret WebSocket" "$run" "$app/by_hand.exe" "$ws"
for static in "" --static; do
    flags=$(PKG_CONFIG_LIBDIR=$package/lib/pkgconfig PKG_CONFIG_PATH="" pkg-config $static --define-prefix --cflags --libs egret_ws)
    # shellcheck disable=SC2086 # a list of words
    "${cc[@]}" "$root/examples/hello.c" $flags -o "$app/pkg$static.exe"
    expect "received: Hello Egret WebSocket" "$run" "$app/pkg$static.exe" "$ws"
done
! llvm objdump -p "$app/pkg--static.exe" | grep 'egret_ws.dll' >/dev/null || die "pkg-config --static links the DLL"
for is_static in OFF ON; do
    cmake -S "$root/examples/cmake_shell" -B "$work/shell-$is_static" -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=$mingw-gcc-posix \
        -DCMAKE_CXX_COMPILER=$mingw-g++-posix -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_PREFIX_PATH="$package" \
        -DEGRET_WS_STATIC=$is_static >"$work/log" && cmake --build "$work/shell-$is_static" >>"$work/log" || die "$(cat "$work/log")"
    cp "$work/shell-$is_static/shell.exe" "$app/shell-$is_static.exe"
    "$run" "$app/shell-$is_static.exe" "$ws" >"$work/log" 2>&1 || die "the C++ shell fails: $(cat "$work/log")"
done
ok "MinGW: C and C++ by hand, pkg-config and CMake, with the DLL and the static library: ws"

"${cc[@]}" -I"$package/include" "$root/tests/wss_program/wss.c" -L"$package/lib" -legret_ws -o "$app/wss.exe"
expect "error: EGRET_WS_OK" "$run" "$app/wss.exe" "$wss" insecure
ok "MinGW: wss"

# Visual Studio's ABI: compile by hand and with CMake.
export SDK=$work/sdk
mkdir "$SDK"
llvm lib "/def:$here/msvc/msvcrt.def" /machine:x64 "/out:$SDK/msvcrt.lib"
for source in "$root/examples/hello.c" "$here/msvc/start.c"; do
    clang-"$llvm" --target=x86_64-pc-windows-msvc -Wall -Wextra -I"$here/msvc" -I"$package/include" -c "$source" -o "$SDK/$(basename "$source" .c).obj"
done
lld-link-"$llvm" /nologo /entry:mainCRTStartup /nodefaultlib /subsystem:console "/out:$app/msvc.exe" "$SDK/hello.obj" "$SDK/start.obj" \
    "$package/lib/egret_ws.lib" "$SDK/msvcrt.lib"
expect "received: Hello Egret WebSocket" "$run" "$app/msvc.exe" "$ws"
msvc_cmake() { # BUILD_DIR OPTION...
    cmake -S "$here/msvc" -B "$@" -DCMAKE_TOOLCHAIN_FILE="$here/msvc/toolchain.cmake" -DCMAKE_PREFIX_PATH="$package" \
        -DCMAKE_BUILD_TYPE=Release -DSOURCE="$root/examples/hello.c" -DSTART="$here/msvc/start.c"
}
{ msvc_cmake "$work/msvc" && cmake --build "$work/msvc"; } >"$work/log" 2>&1 || die "$(cat "$work/log")"
cp "$work/msvc/hello.exe" "$app/msvc-cmake.exe"
expect "received: Hello Egret WebSocket" "$run" "$app/msvc-cmake.exe" "$ws"
! msvc_cmake "$work/msvc-static" -DEGRET_WS_STATIC=ON >"$work/log" 2>&1 || die "CMake finds a static library for Visual Studio"
grep -q "the static library is for MinGW only" "$work/log" || die "CMake does not print the reason: $(cat "$work/log")"
ok "Visual Studio's ABI (clang, clang-cl with CMake, lld-link): ws"

# Load the DLL at run time.
$mingw-gcc-posix "$here/load.c" -o "$app/load.exe"
mapfile -t functions < <(sed -n 's/^    //p' "$package/lib/egret_ws.def")
expect "found ${#functions[@]} functions" "$run" "$app/load.exe" "${functions[@]}"
ok "LoadLibrary: ${#functions[@]} functions"

# Run the tools.
"$run" "$package/bin/egret-ws-echo.exe" 0 >"$work/echo.out" 2>&1 &
servers+=($!)
for _ in $(seq 300); do
    grep -q '^ws://' "$work/echo.out" && break
    sleep 0.1
done
its=$(tr -d '\r' <"$work/echo.out" | head -n 1)
expect "received: Hello Egret WebSocket" "$run" "$app/by_hand.exe" "$its"
"$run" "$package/bin/egret-ws-doctor.exe" "$its" >"$work/log" 2>&1 </dev/null || die "the doctor: $(cat "$work/log")"
grep -q "HTTP 101" "$work/log" || die "the doctor: $(cat "$work/log")"
ok "egret-ws-echo.exe and egret-ws-doctor.exe"
