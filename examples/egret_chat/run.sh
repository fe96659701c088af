#!/bin/sh
# run.sh SHELL BUILD ROOM NAME LINE...: runs the built chat in the shell of examples/egret_shell. BUILD has the project's manifest.json.
# ROOM is a URL of an echo server, such as ws://127.0.0.1:9000/room/lobby. NAME says the LINEs to the first other player, and leaves
# when it has heard as many.
set -eu
shell=$(cd "$(dirname "$1")" && pwd)/${1##*/} build=$2

quoted() { # TEXT: as a string of JavaScript
    printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"
}
variables="var chat_room = $(quoted "$3"), chat_name = $(quoted "$4"), chat_lines = ["
shift 4
for line; do variables="$variables$(quoted "$line"), "; done

# The shell has no page, so it cannot use egret.web.js, which draws; and it makes the game itself, as egret.runEgret does in a page.
scripts=$(sed -n 's/.*"\(.*\.js\)".*/\1/p' "$build/manifest.json" | grep -v 'egret\.web\.')
cd "$build"
# shellcheck disable=SC2086 # words
exec "$shell" --seconds 30 --eval "$variables]" $scripts --eval "new Main()"
