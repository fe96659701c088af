#!/bin/sh
# ndk.sh DIR: makes a folder in DIR that works like an NDK for linking Rust, if it is not there, and prints its name.
#
# Its compiler is clang, its linker is lld. Android's libraries are stubs with the symbols that bindings/java/android/symbols.txt
# lists. LLVM's libunwind is compiled from the sources in the PyPI package ziglang. No package contains the headers of Android's C
# library, so the script uses musl's headers, and Debian's copy of Android's jni.h. Therefore the compiler is correct only for C
# code that is equal for both C libraries: see abi.h in this script.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "ndk.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: ndk.sh DIR"
mkdir -p "$1"
version=22 # the version of LLVM in Debian's Rust
out=$(cd "$1" && pwd)/ndk-stubs
# The folder is made again when the list of symbols has changed.
stamp=$(cat "$here/ndk.sh" "$here/ndk_stubs.py" "$here/../../bindings/java/android/symbols.txt" | sha256sum)
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || { echo "$out" && exit; }

fresh=$(mktemp -d "$1/ndk.XXXXXX")
fresh=$(cd "$fresh" && pwd)
trap 'rm -rf "$fresh"' EXIT
zig=$fresh/zig/ziglang/lib
python3 -m pip download --quiet --no-deps --dest "$fresh" ziglang==0.17.1 >&2 || die "cannot fetch ziglang"
echo "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54  $(echo "$fresh"/ziglang-*.whl)" | sha256sum --quiet --check ||
    die "the ziglang package does not have the pinned hash"
python3 - "$fresh"/ziglang-*.whl "$fresh/zig" <<-'EXTRACT'
	import sys, zipfile
	wheel = zipfile.ZipFile(sys.argv[1])
	parts = ('ziglang/lib/libunwind/', 'ziglang/lib/libc/include/')
	wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(parts)])
EXTRACT

tools=$fresh/out/toolchains/llvm/prebuilt/linux-x86_64/bin
mkdir -p "$tools"
echo 'Pkg.Revision = 0.0.0' >"$fresh/out/source.properties"
for tool in readelf objcopy strip nm ar; do
    printf '#!/bin/sh\nexec llvm-%s-%s "$@"\n' $tool $version >"$tools/llvm-$tool"
done
for abi in arm64-v8a armeabi-v7a x86_64; do
    case $abi in
    arm64-v8a) triple=aarch64-linux-android21 musl=aarch64 ;;
    armeabi-v7a) triple=armv7a-linux-androideabi21 musl=arm ;;
    x86_64) triple=x86_64-linux-android21 musl=x86_64 ;;
    esac
    libraries=$fresh/out/lib/$abi
    objects=$fresh/objects/$abi
    mkdir -p "$libraries" "$objects"
    clang="clang-$version --target=$triple"
    lld="--ld-path=$(command -v ld.lld-$version)"
    # shellcheck disable=SC2086 # a list of words
    python3 "$here/ndk_stubs.py" $abi "$libraries" $clang "$lld"

    # musl's headers, with the symbol names of Android.
    cat >"$fresh/android.h" <<-'HEADER'
	#ifndef __ASSEMBLER__
	#include <stdio.h>
	#undef stderr
	#define stderr ((FILE *)__sF)
	#ifdef __cplusplus
	extern "C"
	#else
	extern
	#endif
	char __sF[];
	#endif
	HEADER
    mkdir -p "$fresh/out/musl"
    cp -r "$zig/libc/include/generic-musl" "$fresh/out/musl/$abi"
    cp -r "$zig/libc/include/$musl-linux-musl/." "$fresh/out/musl/$abi"
    options="-O2 -fPIC -fno-exceptions -funwind-tables -fvisibility=hidden -ffunction-sections -fdata-sections -D__errno_location=__errno
        -D_LIBUNWIND_IS_NATIVE_ONLY -DNDEBUG -D_GNU_SOURCE -nostdinc -isystem $(clang-$version -print-resource-dir)/include
        -isystem $fresh/out/musl/$abi -I$zig/libunwind/include"
    for source in libunwind.cpp Unwind-EHABI.cpp UnwindLevel1.c UnwindLevel1-gcc-ext.c UnwindRegistersRestore.S UnwindRegistersSave.S; do
        case $source in *.cpp) language="-std=c++17 -nostdinc++ -fno-rtti" ;; *) language="" ;; esac
        # shellcheck disable=SC2086
        $clang $options $language -include "$fresh/android.h" -c "$zig/libunwind/src/$source" -o "$objects/$source.o"
    done
    ar rcs "$libraries/libunwind.a" "$objects"/*.o # must come before the other objects are compiled
    # Clang links its run-time library. Rust has its own. The JNI shim needs only the functions of C under the names of the 32-bit
    # ARM ABI; libc.so contains them since Android 7. check_so.py reports a missing function.
    cat >"$fresh/runtime.c" <<-'SOURCE'
	#ifdef __arm__
	#include <string.h>
	#define NAMES(name, parameters) \
	    __attribute__((visibility("hidden"))) void __aeabi_##name parameters; \
	    __attribute__((visibility("hidden"), alias("__aeabi_" #name))) void __aeabi_##name##4 parameters; \
	    __attribute__((visibility("hidden"), alias("__aeabi_" #name))) void __aeabi_##name##8 parameters; \
	    void __aeabi_##name parameters
	NAMES(memcpy, (void *to, const void *from, size_t size)) { memcpy(to, from, size); }
	NAMES(memmove, (void *to, const void *from, size_t size)) { memmove(to, from, size); }
	NAMES(memset, (void *to, size_t size, int byte)) { memset(to, byte, size); }
	NAMES(memclr, (void *to, size_t size)) { memset(to, 0, size); }
	#endif
	SOURCE
    # shellcheck disable=SC2086
    $clang $options -fno-builtin -c "$fresh/runtime.c" -o "$objects/runtime.o"
    ar rcs "$libraries/libgcc.a" "$objects/runtime.o"

    # Besides functions with pointers and sizes, the JNI shim uses these types of the C library. An initialised mutex is zero in
    # both.
    cat >"$fresh/out/musl/$abi/abi.h" <<-'HEADER'
	#ifndef __ASSEMBLER__
	#include <pthread.h>
	_Static_assert(sizeof(pthread_key_t) == sizeof(int), "a key is an int on Android");
	_Static_assert(sizeof(pthread_mutex_t) >= (sizeof(long) == 8 ? 40 : 4), "this is the size of a mutex on Android");
	#endif
	HEADER

    # Android's C library does not export atexit: each library contains its own, in the file that the NDK's clang links first.
    cat >"$fresh/crtbegin.c" <<-'SOURCE'
	int __cxa_atexit(void (*)(void *), void *, void *);
	__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;
	__attribute__((visibility("hidden"))) int atexit(void (*call)(void)) {
	    return __cxa_atexit((void (*)(void *))call, 0, &__dso_handle);
	}
	SOURCE
    $clang -O2 -fPIC -c "$fresh/crtbegin.c" -o "$libraries/crtbegin_so.o"
    headers="-nostdinc -isystem $(clang-$version -print-resource-dir)/include -isystem $out/musl/$abi -isystem /usr/include/android/nativehelper"
    printf '#!/bin/sh\nexec %s -Wno-unused-command-line-argument -D_GNU_SOURCE %s -include abi.h -nostartfiles -L%s %s "$@"\n' \
        "$clang $lld" "$headers" "$out/lib/$abi" "$out/lib/$abi/crtbegin_so.o" >"$tools/$triple-clang"
done
chmod +x "$tools"/*
echo "$stamp" >"$fresh/out/stamp"
rm -rf "$out"
mv -T "$fresh/out" "$out" 2>/dev/null || [ -d "$out" ] || die "cannot make $out"
echo "$out"
