#!/usr/bin/env bash
# crate.sh DIST: uses the crate in programs in Rust and C, and runs all steps of publishing it except the upload.
set -euo pipefail
. "$(dirname "$0")/common.sh"
crate=$(artefact "egret-ws-$version.crate")

tar -xzf "$crate" -C "$work"
unpacked=$work/egret-ws-$version
(cd "$unpacked" && find . -type f) | must_contain ./src/lib.rs ./build.rs ./include/egret_ws.h ./LICENSE-MIT ./LICENSE-APACHE ./README.md ./Cargo.lock
other=$(cd "$unpacked" && find . -type f -path './*/*' ! -path './src/*' ! -path ./include/egret_ws.h)
[ -z "$other" ] || die "the crate contains files that are not needed: $other"
[ "$(stat -c %s "$crate")" -le 700000 ] || die "the crate has grown to $(stat -c %s "$crate") bytes"
ok "files of the crate: $(stat -c %s "$crate") bytes"

start_echo
ws=$url
start_echo --tls
wss=$url

# A program in Rust, with all features and with fewer features.
mkdir -p "$work/program/src"
cp "$root/tests/dist/crate/main.rs" "$work/program/src/"
program() { # DEPENDENCY: builds it
    cat >"$work/program/Cargo.toml" <<-TOML
	[package]
	name = "program"
	version = "0.0.0"
	edition = "2024"
	[dependencies]
	egret-ws = { path = "../egret-ws-$version"$1 }
	[profile.dev]
	debug = false
	TOML
    cargo build --quiet --manifest-path "$work/program/Cargo.toml" --target-dir "$work/target"
}
program ""
expect "received: Hello Egret WebSocket" "$work/target/debug/program" "$ws"
expect "received: Hello Egret WebSocket" "$work/target/debug/program" "$wss" "$ca"
ok "a Rust program: ws, wss"
program ', default-features = false, features = ["deflate"]'
expect "received: Hello Egret WebSocket" "$work/target/debug/program" "$ws"
ok "a Rust program without TLS and proxies: ws"

# The library for C.
(cd "$unpacked" && cargo rustc --quiet --locked --lib --crate-type cdylib --target-dir "$work/target")
"${CC:-cc}" -std=c99 -I"$unpacked/include" "$root/examples/hello.c" -o "$work/hello" -L"$work/target/debug" -legret_ws \
    -Wl,-rpath,"$work/target/debug"
expect "received: Hello Egret WebSocket" "$work/hello" "$ws"
ok "a C program: ws"

cargo publish --manifest-path "$root/Cargo.toml" --package egret-ws --dry-run --locked --no-verify --allow-dirty \
    --target-dir "$work/publish" 2>"$work/log" || die "cargo does not publish the crate: $(cat "$work/log")"
ok "cargo publish --dry-run"
