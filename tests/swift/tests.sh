#!/usr/bin/env bash
# tests.sh: tests the Swift binding. It runs XCTest, also under ThreadSanitizer, and the samples, also those of docs/migration. It
# checks that the compiler refuses certain code, and that the parts for Apple's frameworks compile. run.sh calls this script in
# bindings/swift.
set -euo pipefail

# A run that hangs fails by the time-out.
xctest() { # FOLDER [OPTION...]
    local folder=$1
    shift
    timeout 900 swift test --jobs 2 --scratch-path "$folder" -Xlinker -L/target/release "$@"
}
xctest /target/swift
xctest /target/swift-tsan --sanitize=thread

# Runs a sample, and compares its output with standard input.
sample() { # PACKAGE PROGRAM
    swift run --quiet --package-path "examples/$1" --scratch-path "/target/swift-${1##*/}" -Xlinker -L/target/release \
        -Xswiftc -warnings-as-errors "$2" "$EGRET_WS_TEST_URL" </dev/null | tee /tmp/output
    diff /tmp/output -
}
sample echo echo <<'END'
received: text("Hello Egret WebSocket")
closed by this side, with the closing handshake
END
sample samples session <<'END'
received: text("login")
closed by this side, with the closing handshake
END
sample samples game <<'END'
received: text("hello")
closed by this side, with the closing handshake
END
sample samples first <<'END'
connected
received: text("hello")
closed by this side, with the closing handshake
END

../../tests/migration/swift.sh

# The iOS app: run the part without SwiftUI, and only parse the rest.
sample ../../../examples/ios_app chat <<'END'
connected
I: hello
hello
I: back again
back again
closed by this side, with the closing handshake
END
swiftc -parse -swift-version 6 ../../examples/ios_app/App/*.swift

# The file must compile without the marked lines. With one marked line it must not compile, because of that line.
marked=../../tests/swift/refused.swift lines=$(grep -n '// refused$' ../../tests/swift/refused.swift | cut -d : -f 1)
compiles() { # [LINE]: compiles the file with only this marked line; the other marked lines become empty
    sed "${1:+$1!}{ /\/\/ refused\$/ s/.*// }" "$marked" >/tmp/refused.swift
    swiftc -emit-sil -swift-version 6 -I /target/swift/debug/Modules -I Sources/CEgretWS /tmp/refused.swift -o /dev/null 2>/tmp/errors
}
compiles || { cat /tmp/errors >&2; exit 1; }
for line in $lines; do
    ! compiles "$line" || { echo "$marked:$line was not refused" >&2; exit 1; }
    grep -q "^/tmp/refused.swift:$line:.* error: " /tmp/errors || { cat /tmp/errors >&2; exit 1; }
done
echo "refused.swift: the compiler refused the lines $(echo $lines)"

# @objc and #selector need Objective-C, which Linux does not have. The rest compiles with stubs of Apple's frameworks.
cp Sources/EgretWebSocket/*.swift ../../tests/swift/stubs/*.swift /tmp/
cd /tmp
sed -i 's/#selector(\(.*\)))/"\1")/; s/@objc //' FrameTimer.swift
sed -i 's/ && os(macOS)//' Identity.swift
for stub in QuartzCore Security Network UIKit CFNetwork; do
    swiftc -swift-version 6 -emit-module -module-name $stub -parse-as-library $stub.swift
    rm $stub.swift
done
rm refused.swift
swiftc -swift-version 6 -wmo -emit-sil -module-name EgretWebSocket -I . -I /egret/bindings/swift/Sources/CEgretWS ./*.swift -o sil
used="CADisplayLink SecItemExport NWPathMonitor UIApplication CFNetworkCopyProxiesForURL"
for name in $used; do
    grep -q $name sil || { echo "tests.sh: no $name was compiled" >&2; exit 1; }
done
echo "the code that uses $used compiles"
