#!/usr/bin/env bash
# apple.sh DIST: uses the packages for Apple's systems like an app. It compiles programs in C, Objective-C and C++ in an empty
# folder and links them with each slice, but never runs them. SwiftPM reads the Swift package, if tests/swift/setup.sh has
# installed SwiftPM.
set -euo pipefail
dist=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
. packaging/dist/common.sh
for tool in clang ld64.lld llvm-nm llvm-symbolizer; do
    command -v "$tool-$llvm" >/dev/null || cannot "no $tool-$llvm: apt-get install clang-$llvm lld-$llvm llvm-$llvm"
done
python_tools # zig contains the headers of Apple's C library and of libc++
for zig in "$tools"/lib/python3*/site-packages/ziglang; do :; done
exec python3 tests/apple/test_packages.py "$dist" "$version" "$llvm" "$zig"
