#!/usr/bin/env bash
# windows.sh DIST: makes the package for Windows on x86-64 with MinGW:
#
#   bin/egret_ws.dll, bin/egret-ws-doctor.exe, bin/egret-ws-echo.exe    need only DLLs of Windows
#   lib/libegret_ws.dll.a    the import library of MinGW
#   lib/egret_ws.lib         the import library of Visual Studio and clang-cl; lib/egret_ws.def lists the functions, for other compilers
#   lib/libegret_ws.a        the static library, for MinGW only
#
# and the files that install.sh installs on each system. A second archive contains the debug files in DWARF, which gdb and lldb
# read. Crash reports of Windows contain the build ID, which identifies them. There is no PDB, because Rust makes one only for
# Visual Studio's ABI.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: windows.sh DIST"
dist=$1
target=x86_64-pc-windows-gnu mingw=x86_64-w64-mingw32
name=egret-ws-$version-windows-x86_64
for tool in $mingw-gcc-posix $mingw-windres llvm-lib-$llvm llvm-dlltool-$llvm; do
    command -v "$tool" >/dev/null || cannot "the package for Windows needs $tool: apt-get install gcc-mingw-w64-x86-64-posix llvm-$llvm lld-$llvm"
done

built=$build_dir/windows-x86_64
mkdir -p "$built"
numbers=$(echo "$version" | sed -n 's/^\([0-9]*\)\.\([0-9]*\)\.\([0-9]*\).*/\1,\2,\3,0/p')
[ -n "$numbers" ] || die "the DLL needs a version of three numbers, not $version"
export EGRET_WS_VERSION_RESOURCE=$build_dir/version-$version.o
$mingw-windres --codepage=65001 "-DNUMBERS=$numbers" "-DVERSION=\\\"$version\\\"" "$root/packaging/dist/windows/version.rc" "$EGRET_WS_VERSION_RESOURCE"
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$mingw-gcc-posix
"$root/packaging/dist/build.sh" $target "$built"

# Make the import libraries with the functions that the header declares.
"$root/packaging/dist/windows/check_pe.py" --print-def "$root/include/egret_ws.h" >"$built/egret_ws.def"
llvm dlltool -m i386:x86-64 -D egret_ws.dll -d "$built/egret_ws.def" -l "$built/libegret_ws.dll.a"
llvm lib "/def:$built/egret_ws.def" /machine:x64 "/out:$built/egret_ws.lib"

check=("$root/packaging/dist/windows/check_pe.py" --forbid "$root" --forbid "${CARGO_HOME:-$HOME/.cargo}" --forbid "$HOME/")
"${check[@]}" --exports "$root/include/egret_ws.h" --version "$version" --debug "$built/debug/egret_ws.dll.debug" "$built/egret_ws.dll"
for program in egret-ws-doctor.exe egret-ws-echo.exe; do
    "${check[@]}" --debug "$built/debug/$program.debug" "$built/$program"
done

tree=$build_dir/windows-tree/$name
rm -rf "$build_dir/windows-tree"
RELOCATABLE=1 "$root/packaging/install.sh" "$built" / "$tree" >/dev/null
# Archives for Windows contain no links.
rm "$tree/lib/egret_ws/static/libegret_ws.a"
cp "$tree/lib/libegret_ws.a" "$tree/lib/egret_ws/static/"
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$tree/"
cp "$root/packaging/notices/windows.txt" "$tree/THIRD-PARTY-NOTICES.txt"
pack "$dist/$name.zip" "$tree"

# The static library with debug information is left out, because it is large. Build it yourself if a program needs it.
debug=$build_dir/windows-tree/$name-debug
mkdir "$debug"
cp "$built"/debug/*.debug "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$tree/THIRD-PARTY-NOTICES.txt" "$debug/"
pack "$dist/$name-debug.zip" "$debug"
made "$name.zip" "$name-debug.zip"
