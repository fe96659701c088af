#!/usr/bin/env bash
# android.sh DIST: makes the checks of a device for each library in the AAR, and checks its size and the parts that apps in Java
# and C++ use. Nothing is run, because that needs a device.
set -euo pipefail
. "$(dirname "$0")/common.sh"
folder=$(artefact android)
check_so=$root/bindings/java/android/check_so.py

unzip -q "$folder/egret-websocket.aar" -d "$work/aar"
unzip -q "$folder/native-debug-symbols.zip" -d "$work/symbols"
(cd "$work/aar" && find . -type f) | must_contain ./AndroidManifest.xml ./classes.jar ./proguard.txt ./LICENSE-MIT ./LICENSE-APACHE \
    ./THIRD-PARTY-NOTICES.txt ./prefab/prefab.json ./prefab/modules/egret_ws/include/egret_ws.h

# The limits for the size of the stripped libegret_ws.so, which an app contains, in bytes.
declare -A limits=([arm64-v8a]=1150000 [armeabi-v7a]=850000)
abis=$(ls "$work/aar/jni")
[ -n "$abis" ] || die "the AAR has no library"
for abi in $abis; do
    library=$work/aar/jni/$abi/libegret_ws.so shim=$work/aar/jni/$abi/libegret_ws_jni.so
    "$check_so" --abi "$abi" --exports "$root/include/egret_ws.h" "$library"
    "$check_so" --abi "$abi" --exports JNI_OnLoad --beside "$library" "$shim"
    # This shows that the check can fail: without the library in the same folder, the shim's functions are missing.
    ! "$check_so" --abi "$abi" --exports JNI_OnLoad "$shim" 2>/dev/null || die "check_so.py accepts a shim without its library"
    cmp "$library" "$work/aar/prefab/modules/egret_ws/libs/android.$abi/libegret_ws.so" || die "the library of prefab for $abi differs"
    for name in libegret_ws.so libegret_ws_jni.so; do same_build_id "$work/aar/jni/$abi/$name" "$work/symbols/$abi/$name"; done
    size=$(stat -c %s "$library")
    [ -n "$quick" ] || [ "$size" -le "${limits[$abi]:-$size}" ] || die "$abi: the library is $size bytes, more than ${limits[$abi]}: see docs/size.md"
    ok "$abi: loading, exports, undefined symbols, build IDs: $size bytes"
done

# A game in C uses the header and the library of prefab.
if [ -n "${ANDROID_NDK_ROOT:-}" ]; then ndk=$ANDROID_NDK_ROOT; else ndk=$("$root/tests/java/ndk.sh" "$cache_dir"); fi
module=$work/aar/prefab/modules/egret_ws
for abi in $abis; do
    # shellcheck disable=SC1091
    (. "$root/bindings/java/android/ndk_tools.sh" && find_tools "$ndk" "$abi" &&
        echo '#include <egret_ws.h>
        int game(void) { egret_ws_loop *loop; return egret_ws_loop_new(0, &loop); }' |
        "$clang" -std=c99 -fPIC -shared -x c - -I"$module/include" -L"$module/libs/android.$abi" -legret_ws -Wl,-z,defs -o "$work/libgame.so")
    readelf --dynamic --wide "$work/libgame.so" | grep 'NEEDED.*\[libegret_ws.so\]' >/dev/null || die "a game for $abi does not need libegret_ws.so"
done
ok "a game in C links the library"

if command -v javac >/dev/null; then
    mkdir "$work/program"
    javac -cp "$work/aar/classes.jar" -d "$work/program" "$root/bindings/java/examples/Echo.java"
    expect "egret-websocket-$version.aar" java -cp "/usr/share/maven/lib/*:/usr/share/java/maven-resolver-transport-file.jar" \
        "$root/tests/java/MavenResolver.java" "$work/local" "$folder/maven" "org.egret:egret-websocket:aar:$version"
    ok "Java: classes, Maven"
fi
[ -n "${ANDROID_NDK_ROOT:-}" ] || grep -q "have not run" "$folder/NOT-RUN.txt" || die "NOT-RUN.txt does not say that nothing has run"
