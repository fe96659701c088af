#!/bin/sh
# shell.sh SHELL MODE URL SIZE COUNT KIND: runs js/client.js in the shell of examples/egret_shell, and prints one line. SHELL is the
# program, with JavaScriptCore or with V8; LAB_DRIVER is `inline` or `threaded`.
set -eu
client=${LAB_CLIENT:-$(dirname "$0")/../js/client.js}
[ "${LAB_DRIVER:-inline}" = threaded ] || set -- "$@" --inline
shell=$1 mode=$2 url=$3 size=$4 count=$5 kind=$6
shift 6
# The completion value of client.js is a function.
exec "$shell" "$@" --seconds 60 --expose-gc --eval "var run = $(sed '/^\/\//d' "$client")" --eval "run({
    WebSocket: function (url) { return new WebSocket(url, [], { deflate: false }); },
    mode: '$mode', url: '$url', size: $size, count: $count, kind: '$kind',
    now: function () { return 1000 * performance.now(); },
    cpu: function () { return 1000 * cpuTime(); },
    later: function (callback) { setTimeout(callback, 1); }, // not 0: that would poll without a wait
    print: console.log
})"
