#!/usr/bin/env bash
# sanitizer.sh asan|tsan: runs the programs of tests/c against the library. Both are built with AddressSanitizer (and its leak
# detection) or with ThreadSanitizer. With asan it also runs the unit tests and the tests of TLS.
# sanitizer.sh fuzz-abi: runs the fuzzer of the ABI (tests/abi_model) alone, built with AddressSanitizer.
#
# The programs are compiled as C99 only: as C++ they would call the library in the same way. They wait most of the time, so more of them
# run than there are cores.
#
# The compiler is Debian's newest Rust. The clang with an equal LLVM version provides the sanitizers' runtime. ThreadSanitizer
# reports false races unless the standard library is built with it as well, and Debian packages its sources with the
# compiler. RUSTC_BOOTSTRAP opens the -Z options of this release.
set -euo pipefail
cd "$(dirname "$0")/../.."

rustc=/usr/bin/rustc
llvm=$($rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
host=$($rustc -vV | sed -n 's/^host: //p')
read -r -a features < <(tests/tools/features.sh) || true
build=$(realpath -m "${CARGO_TARGET_DIR:-target}/${1/fuzz-abi/asan}")

case $1 in
asan | fuzz-abi) sanitizer=address build_std=() ;;
tsan) sanitizer=thread build_std=("-Zbuild-std=std,panic_unwind" "-Zbuild-std-features=panic-unwind") ;;
*) echo "sanitizer.sh: asan, tsan or fuzz-abi, not $1" >&2 && exit 2 ;;
esac

instrumented() {
    local command=$1
    shift
    RUSTC_BOOTSTRAP=1 RUSTC=$rustc RUSTDOC=/usr/bin/rustdoc CARGO_PROFILE_DEV_DEBUG=line-tables-only \
        RUSTFLAGS="-Zsanitizer=$sanitizer -Zexternal-clangrt -Clinker=clang-$llvm -Clink-arg=-fuse-ld=lld -Clink-arg=-fsanitize=$sanitizer" \
        /usr/bin/cargo "$command" --locked "${build_std[@]}" --target "$host" --target-dir "$build" "${features[@]}" "$@"
}

# addr2line is in binutils; without it reports have no line numbers.
common="external_symbolizer_path=$(command -v addr2line)"
export ASAN_OPTIONS="$common:detect_leaks=1:detect_stack_use_after_return=1:strict_init_order=1"
export TSAN_OPTIONS="$common:halt_on_error=1"

if [ "$1" = fuzz-abi ]; then
    instrumented test --test abi_model -- --nocapture
    exit
fi
if [ "$1" = asan ]; then
    # Cargo unites the features of dependencies with those of tests only if it also builds a test. The script uses the library
    # that cargo has built for the tests, so that nothing is built twice.
    instrumented test --no-run --lib --test tls
    instrumented build --lib --test tls
else
    instrumented rustc --lib --crate-type staticlib
fi
status=0
# The variable is not CC, because openssl-sys watches that: cargo would build the tests again with it, and once more without it. LLD links
# a static library of 100 MB in a quarter of the time that GNU ld needs.
EGRET_WS_TEST_CC=clang-$llvm EGRET_WS_TEST_CXX=clang++-$llvm \
    EGRET_WS_TEST_LIB_DIR=$build/$host/debug EGRET_WS_TEST_STATIC=1 EGRET_WS_TEST_CFLAGS="-g -fsanitize=$sanitizer -fuse-ld=lld" \
    cargo test --locked --test c_programs --no-fail-fast "${features[@]}" -- _c99 --test-threads=$((2 * $(nproc))) || status=$?
# The explorations take long, and run safe code only: `make test` runs them without a sanitizer.
[ "$1" != asan ] || instrumented test --no-fail-fast --lib --test tls -- --skip exploration --skip thundering_herd || status=$?
exit $status
