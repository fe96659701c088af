#!/bin/sh
# run.sh SHELL BUILD ADDRESS: runs the built project in the shell of examples/egret_shell. BUILD contains the project's
# manifest.json. ADDRESS is HOST:PORT of an echo server.
set -eu
shell=$(cd "$(dirname "$1")" && pwd)/${1##*/} build=$2 address=$3

# The shell has no page, so it cannot use egret.web.js, which draws. It also creates the game itself; in a page, egret.runEgret
# does this.
scripts=$(sed -n 's/.*"\(.*\.js\)".*/\1/p' "$build/manifest.json" | grep -v 'egret\.web\.')
cd "$build"
# shellcheck disable=SC2086 # words
# The sample leaves its socket open. The last --eval closes it after the first answer, so the shell ends.
exec "$shell" --seconds 10 --eval "var server_address = '$address'" $scripts --eval "var main = new Main(); \
    main.socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, main.socket.close, main.socket)"
