#!/usr/bin/env bash
# check_targets.sh [TARGET...]: type-checks the whole library with TLS, and the tools, for all systems that it supports.
#
# Debian packages the sources of Rust's standard library (rust-web-src). So this script can check targets for which this machine
# has no standard library. Nothing is linked, so no SDK is needed. The OpenSSL headers of this machine suffice for a check of
# types.
#
# TARGET+openssl is an Apple system with OpenSSL instead of Secure Transport.
#
# For HarmonyOS the JavaScript binding's C++ code is also compiled and linked.
set -euo pipefail
cd "$(dirname "$0")/../.."
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS="-Dwarnings" PKG_CONFIG_ALLOW_CROSS=1
target_dir=${CARGO_TARGET_DIR:-target}/check
libraries=$(pkg-config --variable=libdir openssl)

targets=("$@")
[ $# -gt 0 ] || targets=(
    aarch64-linux-android armv7-linux-androideabi x86_64-linux-android
    aarch64-apple-ios aarch64-apple-ios-sim
    aarch64-apple-darwin
    aarch64-apple-ios-macabi x86_64-apple-ios-macabi
    aarch64-apple-ios+openssl aarch64-apple-darwin+openssl
    x86_64-pc-windows-gnu x86_64-pc-windows-msvc
    aarch64-unknown-linux-gnu
    aarch64-unknown-linux-ohos
)
failed=""
for spec in "${targets[@]}"; do
    target=${spec%+openssl}
    environment=()
    case $spec in
    *-linux-* | *+openssl)
        upper=$(tr a-z- A-Z_ <<<"$target")
        environment=(CRATE_CC_NO_DEFAULTS=1 "${upper}_OPENSSL_INCLUDE_DIR=/usr/include" "${upper}_OPENSSL_LIB_DIR=$libraries"
            "CC_${target//-/_}=gcc")
        [[ $spec != *+openssl ]] || environment+=(RUSTFLAGS="$RUSTFLAGS --cfg egret_ws_openssl")
        ;;
    esac
    if env "${environment[@]}" /usr/bin/cargo check --locked --quiet -Zbuild-std=std,panic_unwind \
        --package egret-ws --package egret-ws-tools --lib --bins --target "$target" \
        --target-dir "$target_dir"; then
        echo "ok      $spec"
    else
        echo "FAILED  $spec"
        failed+=" $spec"
    fi
    [[ $target != *-ohos ]] || tests/js/ohos/check_glue.sh "${CARGO_TARGET_DIR:-target}/tmp/ohos" || failed+=" $target (glue)"
done
[ -z "$failed" ] || { echo "check_targets.sh: these do not compile:$failed" >&2 && exit 1; }
