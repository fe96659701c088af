#!/usr/bin/env bash
# sbom.sh DIST: makes the list of all parts that are linked into the packages (CycloneDX), and their licences. It is the last
# part, because it lists the files of the other parts.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: sbom.sh DIST"
dist=$1

"$root/packaging/notices.py" --check
rm -rf "$dist/THIRD-PARTY-NOTICES"
mkdir "$dist/THIRD-PARTY-NOTICES"
cp "$root"/packaging/notices/*.txt "$dist/THIRD-PARTY-NOTICES/"
"$root/packaging/dist/sbom.py" "$dist/egret-ws-$version.cdx.json" "$dist"
made "egret-ws-$version.cdx.json" THIRD-PARTY-NOTICES/
