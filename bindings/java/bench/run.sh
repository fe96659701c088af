#!/bin/sh
# run.sh: prints the cost of a message in C and in Java; takes some minutes. Build the library and the echo server first:
# cargo build --release -p egret-ws-tools && cargo clib --release
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
release=${CARGO_TARGET_DIR:-$root/target}/release

out=$(mktemp -d)
trap 'kill $! 2>/dev/null; rm -r "$out"' EXIT
"$here/../build.sh" "$release" "$out"
javac -cp "$out/egret-websocket.jar" -d "$out" "$here/Cost.java"
"${CC:-cc}" -std=c99 -O2 -I"$root/include" "$here/cost.c" -o "$out/cost" -L"$out" -legret_ws -Wl,-rpath,"$out"
mkfifo "$out/url"
"$release/egret-ws-echo" >"$out/url" &
read -r url <"$out/url"

best() { # COMMAND...: the least of five runs, because other programs only ever add time
    for _ in 1 2 3 4 5; do "$@"; done | sort -n | head -1
}
in_java() {
    best java -cp "$out:$out/egret-websocket.jar" -Djava.library.path="$out" Cost "$url" "$@"
}
echo "bytes: C text, Java String; C binary, Java byte[], Java direct (ns of the polling thread, for a send and a receive)"
for bytes in 32 1024 15000; do
    echo "$bytes: $(best "$out/cost" "$url" text $bytes), $(in_java text $bytes);" \
        "$(best "$out/cost" "$url" binary $bytes), $(in_java array $bytes), $(in_java direct $bytes)"
done
