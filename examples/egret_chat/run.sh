#!/bin/sh
# run.sh SHELL BUILD ROOM NAME LINE...: runs the built chat in the shell of examples/egret_shell. BUILD contains the project's
# manifest.json. ROOM is a URL of an echo server, such as ws://127.0.0.1:9000/room/lobby. The player NAME sends the LINEs when the
# first other player has joined, and leaves when it has received an equal number of lines.
set -eu
shell=$(cd "$(dirname "$1")" && pwd)/${1##*/} build=$2

quoted() { # TEXT: prints it as a string of JavaScript
    printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"
}
variables="var chat_room = $(quoted "$3"), chat_name = $(quoted "$4"), chat_lines = ["
shift 4
for line; do variables="$variables$(quoted "$line"), "; done

# The shell has no page, so it cannot use egret.web.js, which draws. It also creates the game itself; in a page, egret.runEgret
# does this.
scripts=$(sed -n 's/.*"\(.*\.js\)".*/\1/p' "$build/manifest.json" | grep -v 'egret\.web\.')
cd "$build"
# shellcheck disable=SC2086 # words
exec "$shell" --seconds 30 --eval "$variables]" $scripts --eval "new Main()"
