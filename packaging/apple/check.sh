#!/usr/bin/env bash
# check.sh PACKAGES [PLATFORM...]: checks the XCFrameworks in the folder PACKAGES, for these platforms or all, with check_macho.py and
# check_privacy.py. With EGRET_WS_DIST_QUICK=1, check_macho.py gets --not-optimised.
set -euo pipefail
cd "$(dirname "$0")"
packages=$(realpath "$1")
shift
binaries=() status=0 options=()
[ -z "${EGRET_WS_DIST_QUICK:-}" ] || options=(--not-optimised)
while read -r name folder _; do
    static=$packages/EgretWS.xcframework/$folder/libegret_ws.a
    dynamic=$packages/EgretWS-dynamic.xcframework/$folder/EgretWS.framework/EgretWS
    inside=$(realpath --relative-to "$packages/EgretWS-dynamic.xcframework/$folder" "$dynamic")
    forbidden=(--forbid "$(realpath ../..)" --forbid "$HOME/" --forbid "$packages")
    ./check_macho.py --platform "$name" "${forbidden[@]}" "${options[@]}" "$static" || status=1
    ./check_macho.py --platform "$name" "${forbidden[@]}" --install-name "@rpath/$inside" \
        --dsym "$packages/dSYMs/$folder/EgretWS.framework.dSYM" "$dynamic" || status=1
    binaries+=("$dynamic")
    [ ${#options[@]} -gt 0 ] || binaries+=("$static")
done < <(./platforms.py --slices "$@")
./check_privacy.py ../../bindings/swift/Sources/EgretWebSocket/PrivacyInfo.xcprivacy "${binaries[@]}" || status=1
exit $status
