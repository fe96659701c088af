#!/bin/sh
# demo.sh URL SHELL ENGINE: runs the documentation's sample in the shell, with the echo server at URL. ENGINE is the `build`
# directory of npm's egret-engine. The sample runs with the engine's egret.WebSocket, with the one of bindings/js/module, and as
# the project of examples/egret_project, which Egret's command line builds.
set -eu
address=${1#ws://} shell=$2 engine=$3
address=${address%/}
sources=$(dirname "$0")/../..

run_sample() { # TITLE SOCKET_MODULE
    echo "--- $1"
    # The sample leaves its socket open. The second --eval closes it after the first answer, so the demo ends.
    "$shell" --seconds 10 --eval "var host = '${address%:*}', port = ${address##*:}" \
        "$engine/egret/egret.js" "$2" "$sources/examples/egret_shell/sample.js" \
        --eval "socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, socket.close, socket)"
}

run_sample "Egret 5.2.18, its own socket module" "$engine/socket/socket.js"
run_sample "Egret 5.2.18, the socket module of egret-ws" "$sources/bindings/js/module/bin/socket.js"

echo "--- Egret's command line builds examples/egret_project ..."
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
"$sources/examples/egret_project/build.sh" "$directory/game" "${engine%/build}"
"$sources/examples/egret_project/run.sh" "$shell" "$directory/game" "$address"
