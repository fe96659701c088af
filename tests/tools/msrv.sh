#!/usr/bin/env bash
# msrv.sh: compiles the library, the tools and the tests with the oldest Rust that Cargo.toml allows (`rust-version`), taken from rustup.
#
# `make test` has two faster checks for this: clippy reports functions of std that are newer (`incompatible_msrv`), and `msrv.py`
# reports dependencies that need a newer Rust. Only the compiler itself finds newer syntax.
set -euo pipefail
cd "$(dirname "$0")/../.."
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
tests/tools/msrv.py
if ! rustup run "$oldest" rustc --version 2>/dev/null; then
    echo "msrv.sh: Rust $oldest is not installed: rustup toolchain install $oldest --profile minimal" >&2
    exit 1
fi
read -r -a features < <(tests/tools/features.sh) || true
rustup run "$oldest" cargo check --locked --package egret-ws --package egret-ws-tools --all-targets \
    --target-dir "${CARGO_TARGET_DIR:-target}/msrv" "${features[@]}"
