#!/usr/bin/env bash
# crate.sh DIST: packs the crate for crates.io. Its test compiles the crate, and runs all steps of publishing except the upload.
#
# The tools are not part of the crate: the packages for each system contain them as programs.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: crate.sh DIST"
dist=$1 log=$build_dir/crate.log
mkdir -p "$build_dir"

# Uncommitted changes are allowed; the crate then records them in .cargo_vcs_info.json.
cargo package --manifest-path "$root/Cargo.toml" --package egret-ws --locked --no-verify --allow-dirty \
    --target-dir "$build_dir/crate" 2>"$log" || { cat "$log" >&2; die "cargo cannot pack the crate"; }
cp "$build_dir/crate/package/egret-ws-$version.crate" "$dist/"
echo "dist: egret-ws-$version.crate"
