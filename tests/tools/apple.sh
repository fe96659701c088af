#!/usr/bin/env bash
# apple.sh: the short form of `make dist PARTS=apple`. It tests that the checks refuse faulty libraries, and that packages of
# small C libraries contain all required files. It also links the library for iOS, not optimised, against stubs of the system, and
# tests that the library passes the checks. The library is never run.
set -euo pipefail
cd "$(dirname "$0")/../.."
export EGRET_WS_DIST_QUICK=1
. packaging/dist/common.sh
. packaging/apple/toolchain.sh
[ "$(uname -s)" = Linux ] || { echo "apple.sh: on a Mac, use packaging/dist/apple.sh" && exit; }

tools=("clang-$llvm" "$(command -v "ld64.lld-$llvm")" "-$llvm")
python3 tests/apple/test_checks.py "${tools[@]}"

# Packages for all platforms, with small libraries instead of egret-ws.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/dist"
python3 tests/apple/parts.py "${tools[@]}" "$scratch/parts"
"$apple/pack.sh" "$scratch/parts" "$scratch/packages" "$scratch/dist" >/dev/null
python3 tests/apple/test_packages.py "$scratch/dist" "$version" "$llvm" "" \
    Packages.test_{each_platform_is_there,frameworks,the_debug_files_have_lines,archives_are_sorted_and_plain} Recipes.test_the_pod

target=aarch64-apple-ios
choose_cargo "$target"
apple_toolchain "$target"
"${cargo[@]}" rustc --quiet --locked "${std[@]}" --lib --crate-type cdylib --target "$target" --target-dir "$target_dir/apple" \
    --config profile.dev.debug=0 --config 'profile.dev.strip="none"' --config profile.dev.package.zlib-rs.opt-level=0
library=$target_dir/apple/$target/debug/libegret_ws.dylib
"$apple/check_macho.py" --platform "$platform" "$library"
"$apple/check_privacy.py" bindings/swift/Sources/EgretWebSocket/PrivacyInfo.xcprivacy "$library"
echo "linked for iOS: $(stat -c %s "$library") bytes"
