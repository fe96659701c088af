#!/usr/bin/env bash
# tests.sh: tests the Swift binding: XCTest, also under ThreadSanitizer; the sample; code that the compiler must refuse; and that the
# CADisplayLink compiles. run.sh calls it in bindings/swift.
set -euo pipefail

# The time-out fails a run that hangs.
xctest() { # FOLDER [OPTION...]
    local folder=$1
    shift
    timeout 900 swift test --jobs 2 --scratch-path "$folder" -Xlinker -L/target/release "$@"
}
xctest /target/swift
xctest /target/swift-tsan --sanitize=thread

swift run --quiet --package-path examples/echo --scratch-path /target/swift-echo -Xlinker -L/target/release \
    -Xswiftc -warnings-as-errors echo "$EGRET_WS_TEST_URL" | tee /tmp/echoed
diff /tmp/echoed - <<'END'
received: text("Hello Egret WebSocket")
closed by this side, with the closing handshake
END

# Without the marked lines the file compiles, and with any one of them it does not, because of that line.
marked=../../tests/swift/refused.swift lines=$(grep -n '// refused$' ../../tests/swift/refused.swift | cut -d : -f 1)
compiles() { # [LINE]: with only this marked line; the others become empty
    sed "${1:+$1!}{ /\/\/ refused\$/ s/.*// }" "$marked" >/tmp/refused.swift
    swiftc -emit-sil -swift-version 6 -I /target/swift/debug/Modules -I Sources/CEgretWS /tmp/refused.swift -o /dev/null 2>/tmp/errors
}
compiles || { cat /tmp/errors >&2; exit 1; }
for line in $lines; do
    ! compiles "$line" || { echo "$marked:$line was not refused" >&2; exit 1; }
    grep -q "^/tmp/refused.swift:$line:.* error: " /tmp/errors || { cat /tmp/errors >&2; exit 1; }
done
echo "refused.swift: the compiler refused the lines $(echo $lines)"

# @objc and #selector need Objective-C, which Linux does not have. The rest compiles with a stub of Apple's framework.
cp Sources/EgretWebSocket/*.swift ../../tests/swift/stubs/QuartzCore.swift /tmp/
cd /tmp
sed -i 's/#selector(\(.*\)))/"\1")/; s/@objc //' FrameTimer.swift
swiftc -swift-version 6 -emit-module -module-name QuartzCore -parse-as-library QuartzCore.swift
rm QuartzCore.swift refused.swift
swiftc -swift-version 6 -wmo -emit-sil -module-name EgretWebSocket -I . -I /egret/bindings/swift/Sources/CEgretWS ./*.swift -o sil
grep -q CADisplayLink sil || { echo "FrameTimer.swift: no CADisplayLink was compiled" >&2; exit 1; }
echo "FrameTimer.swift: its CADisplayLink compiles"
