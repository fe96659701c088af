#!/usr/bin/env bash
# xcframework.sh [PLATFORM...]: builds the library for all of Apple's systems, or only for these (packaging/apple/platforms.py lists
# them), and writes EgretWS.xcframework next to Package.swift, which then uses it.
#
# On a Mac it needs Xcode and rustup with the targets. Elsewhere see packaging/dist/apple.sh. It has never run on a Mac.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
EGRET_WS_APPLE_PLATFORMS="$*" "$here/../../packaging/dist/apple.sh" "$scratch"
rm -rf "$here/EgretWS.xcframework"
python3 -m zipfile -e "$scratch/EgretWS.xcframework.zip" "$here"
echo "made $here/EgretWS.xcframework"
