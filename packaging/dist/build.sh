#!/usr/bin/env bash
# build.sh TARGET OUT [OPTION...]: builds the library and its tools for Rust's target TARGET, for a release, into the folder OUT:
#
#   libegret_ws.so, .dylib, or egret_ws.dll and its import library    stripped
#   libegret_ws.a                                                     one object (packaging/one_object.py), without debug information
#   egret-ws-doctor, egret-ws-echo                                    stripped
#   debug/                                                            the debug file of each, for crash reports
#
# `install.sh OUT PREFIX` installs them. OPTION..., such as --features vendored, is passed to cargo. LIBRARY_ONLY=1 leaves the
# tools out. The variables of cargo and of the crate cc choose the linker and the C compiler: CARGO_TARGET_<TARGET>_LINKER,
# CC_<target>, AR_<target>; RUSTFLAGS and CFLAGS are added to those of this script.
#
# Equal sources and tools make equal files, because no file contains a path of this machine.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -ge 2 ] || die "usage: build.sh TARGET OUT [OPTION...]"
target=$1 out=$2
shift 2
mkdir -p "$out/debug"
out=$(cd "$out" && pwd)
cd "$root"
if [[ $build_dir == *\ * && $* == *vendored* ]]; then die "OpenSSL cannot be built in a folder with a space: $build_dir"; fi
choose_cargo "$target"

profile_options
reproducible_flags
case $target in
*-apple-*)
    # The linker records the paths and times of the objects for dsymutil, and computes the UUID from everything. The objects are
    # kept in their folder.
    export ZERO_AR_DATE=1
    rustflags+=("-Clink-arg=-Wl,-oso_prefix,$build_dir/")
    profile+=(--config 'profile.dist.split-debuginfo="unpacked"')
    # one_object.py works here only if there is already one object.
    [ -z "$quick" ] || profile+=(--config 'profile.dist.lto="fat"' --config profile.dist.codegen-units=16)
    ;;
*-windows-msvc) ;;
# The file needs no DLL of the compiler and contains no link time. It has a build ID, as below.
*-windows-gnu) rustflags+=(-Clink-arg=-static -Clink-arg=-Wl,--no-insert-timestamp,--build-id) ;;
# The build ID connects a crash report with the debug file.
*) rustflags+=(-Clink-arg=-Wl,--build-id=sha1) ;;
esac

compile() { # COMMAND OPTION...
    local command=$1 flags IFS=' '
    shift
    # The words of this list may contain spaces.
    # shellcheck disable=SC2206 # RUSTFLAGS is a list of words
    flags=("${rustflags[@]}" ${RUSTFLAGS:-})
    IFS=$'\x1f'
    CARGO_ENCODED_RUSTFLAGS="${flags[*]}" CFLAGS="$cflags ${CFLAGS:-}" \
        "${cargo[@]}" "$command" "${profile[@]}" --target "$target" --target-dir "$cargo_dir" "${std[@]}" "$@"
}
cargo_dir=$build_dir/cargo
built=$cargo_dir/$target/dist

take() { # FILE: copies a shared library or a program without its symbols, and puts the symbols into a debug file
    case $target in
    *-apple-*)
        rm -rf "$out/debug/$1.dSYM"
        if command -v xcrun >/dev/null; then
            xcrun dsymutil --oso-prepend-path="$build_dir/" --out "$out/debug/$1.dSYM" "$built/$1"
            xcrun strip -S -x -o "$out/$1" "$built/$1"
            codesign --force --sign - "$out/$1"
        else
            "dsymutil-$llvm" --oso-prepend-path="$build_dir/" --out "$out/debug/$1.dSYM" "$built/$1"
            llvm strip -S -x -o "$out/$1" "$built/$1" # this also renews the signature
        fi
        # This file contains paths of this machine, and nothing reads it.
        rm -rf "$out/debug/$1.dSYM/Contents/Resources/Relocations"
        ;;
    *) split_debug "$built/$1" "$out/$1" "$out/debug" ;;
    esac
}
case $target in
*-apple-*) shared=libegret_ws.dylib suffix="" ;;
*-windows-*) shared=egret_ws.dll suffix=.exe ;;
*) shared=libegret_ws.so suffix="" ;;
esac

# The libraries are copied before the tools are built. For the tools, cargo builds the library again, also as a Rust library and
# therefore without link-time optimisation.
compile rustc --lib --crate-type cdylib,staticlib "$@"
[ ! -f "$built/$shared" ] || take "$shared" # musl and some others have no shared library
[[ $target != *-windows-gnu* ]] || cp "$built/libegret_ws.dll.a" "$out/"
cp "$built/libegret_ws.a" "$out/debug/"
"$root/packaging/one_object.py" --strip-debug "$out/debug/libegret_ws.a" "$out/libegret_ws.a"
if [ -z "${LIBRARY_ONLY:-}" ]; then
    compile build --package egret-ws-tools --bins "$@"
    for tool in egret-ws-doctor egret-ws-echo; do take "$tool$suffix"; done
fi
