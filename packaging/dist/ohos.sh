#!/usr/bin/env bash
# ohos.sh DIST: makes the HAR for HarmonyOS on arm64, with OpenSSL inside, and its debug file.
#
# OHOS_SDK is the folder "native" of OpenHarmony's SDK. Without it the library is compiled with the headers of musl, which is HarmonyOS's
# C library, and linked against musl and a stub of Node-API (tests/js/ohos/sdk.sh). Such a HAR has never run.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/addon.sh"
[ $# -eq 1 ] || die "usage: ohos.sh DIST"
dist=$1
work=$build_dir/ohos
target=aarch64-unknown-linux-ohos
rm -rf "$work/libs" "$work/debug"
mkdir -p "$work/libs/arm64-v8a"

link=()
if [ -n "${OHOS_SDK:-}" ]; then
    sdk=$OHOS_SDK
else
    command -v "clang-$llvm" >/dev/null && command -v "ld.lld-$llvm" >/dev/null ||
        cannot "no SDK of OpenHarmony (OHOS_SDK), and no clang and lld to link against stubs (Debian: clang-$llvm lld-$llvm)"
    [ -f "${NODE_INCLUDE:-/usr/include/node}/node_api.h" ] || cannot "no SDK of OpenHarmony (OHOS_SDK), and no node_api.h (Debian: libnode-dev)"
    sdk=$("$root/tests/js/ohos/sdk.sh" "$cache_dir/ohos")
    # The SDK also uses LLVM's libunwind. Rust's library contains the functions of the compiler's run-time library.
    python_tools
    unwind=$(echo "$tools"/lib/python*/site-packages/ziglang/lib/libunwind)
    objects=$work/libunwind
    mkdir -p "$objects"
    for source in libunwind.cpp UnwindLevel1.c UnwindLevel1-gcc-ext.c UnwindRegistersRestore.S UnwindRegistersSave.S; do
        language=()
        [[ $source != *.cpp ]] || language=(-std=c++17 -nostdinc++ -fno-rtti)
        "$sdk/llvm/bin/clang" --target=aarch64-linux-ohos --sysroot="$sdk/sysroot" -O2 -fPIC -fno-exceptions -funwind-tables \
            -fvisibility=hidden -D_LIBUNWIND_IS_NATIVE_ONLY -DNDEBUG -D_GNU_SOURCE -I"$unwind/include" "${language[@]}" \
            -c "$unwind/src/$source" -o "$objects/$source.o"
    done
    rm -f "$objects/libunwind.a"
    llvm ar rcsD "$objects/libunwind.a" "$objects"/*.o
    link=(-nostartfiles -nodefaultlibs -lc -L"$objects")
fi

# The crate cc and cargo need a program, without arguments.
cat >"$work/cc.new" <<END
#!/bin/sh
exec '$sdk/llvm/bin/clang' --target=aarch64-linux-ohos --sysroot='$sdk/sysroot' "\$@"
END
chmod +x "$work/cc.new"
mv "$work/cc.new" "$work/cc"
choose_cargo "$target"
profile_options
reproducible_flags
archiver=$(command -v "llvm-ar-$llvm" || command -v llvm-ar || command -v ar)
export CC_aarch64_unknown_linux_ohos=$work/cc AR_aarch64_unknown_linux_ohos=$archiver RANLIB_aarch64_unknown_linux_ohos="$archiver s"
export CFLAGS_aarch64_unknown_linux_ohos="-mno-outline-atomics $cflags" CARGO_TARGET_AARCH64_UNKNOWN_LINUX_OHOS_LINKER=$work/cc
(IFS=$'\x1f' && export CARGO_ENCODED_RUSTFLAGS="${rustflags[*]}" && cd "$root" &&
    "${cargo[@]}" rustc --lib --crate-type staticlib "${profile[@]}" --features vendored --target "$target" \
        --target-dir "$build_dir/cargo" "${std[@]}")

glue=$work/libegret_ws_napi.so
CFLAGS="-g -Werror -ffile-prefix-map=$root=/egret-ws -ffile-prefix-map=$build_dir=/build -ffile-prefix-map=$cache_dir=/cache" \
    LDFLAGS="${link[*]} -lunwind" \
    "$root/bindings/js/ohos/build_so.sh" "$sdk" "$build_dir/cargo/$target/dist/libegret_ws.a" "$glue"
split_debug "$glue" "$work/libs/arm64-v8a/libegret_ws_napi.so" "$work/debug/arm64-v8a"

har=egret-ws-$version-ohos.har
NOTICES=$root/packaging/notices/ohos.txt "$root/bindings/js/ohos/build_har.sh" "$work/libs" "$dist/$har"
pack "$dist/egret-ws-$version-ohos-debug.zip" "$work/debug"
[ -n "${OHOS_SDK:-}" ] || echo "CANNOT: the HAR was linked against musl and a stub of Node-API and has not run: set OHOS_SDK"
made "$har" "egret-ws-$version-ohos-debug.zip"
