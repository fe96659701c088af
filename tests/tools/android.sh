#!/usr/bin/env bash
# android.sh [ABI...]: links Android's libraries and packs the AAR with the script of a release (packaging/dist/android.sh). The script
# checks both.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "${CARGO_TARGET_DIR:-target}/android")
mkdir -p "$out"
packaging/dist/android.sh "$out" "$@"
tests/dist/android.sh "$out"
