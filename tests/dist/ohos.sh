#!/usr/bin/env bash
# ohos.sh DIST: checks the files of the HAR, and makes the checks of HarmonyOS for its library. Nothing is run, because that needs a
# device.
set -euo pipefail
. "$(dirname "$0")/common.sh"
tar -xzf "$(artefact "egret-ws-$version-ohos.har")" -C "$work"
unzip -q "$(artefact "egret-ws-$version-ohos-debug.zip")" -d "$work"
package=$work/package
(cd "$package" && find . -type f) | must_contain ./oh-package.json5 ./Index.ets ./LICENSE-MIT ./LICENSE-APACHE ./THIRD-PARTY-NOTICES.txt \
    ./libs/arm64-v8a/libegret_ws_napi.so ./src/main/ets/websocket.js ./src/main/ets/websocket.d.ts ./src/main/module.json5
grep -q "version: \"$version\"" "$package/oh-package.json5" || die "oh-package.json5 has another version"

library=$package/libs/arm64-v8a/libegret_ws_napi.so
"$root/tests/js/ohos/check_library.sh" "$library"
same_build_id "$library" "$work/egret-ws-$version-ohos-debug/arm64-v8a/libegret_ws_napi.so.debug"
strings "$library" | grep '^OpenSSL 3' >/dev/null || die "the library does not contain OpenSSL"
ok "library: needs, exports, alignment, build ID, OpenSSL: $(stat -c %s "$library") bytes"
# Each function that the library needs must be in musl or in OpenHarmony's Node-API.
sdk=$("$root/tests/js/ohos/sdk.sh" "$cache_dir/ohos")/sysroot/usr/lib/aarch64-linux-ohos
missing=$(comm -23 <(llvm nm --dynamic --undefined-only --format=just-symbols "$library" | sort -u) \
    <(llvm nm --dynamic --defined-only --format=just-symbols "$sdk/libc.so" "$sdk/libace_napi.z.so" | sort -u))
[ -z "$missing" ] || die "HarmonyOS does not have: $missing"
ok "undefined symbols"
