#!/bin/sh
# with_echo_server.sh SERVER PROGRAM [ARG...]: runs `PROGRAM URL ARG...` against an echo server on a free loopback port.
set -eu
server=$1 program=$2
shift 2

directory=$(mktemp -d)
mkfifo "$directory/url"
"$server" >"$directory/url" &
trap 'kill $! 2>/dev/null; rm -r "$directory"' EXIT
trap 'exit 130' INT TERM
read -r url <"$directory/url" || { echo "$server did not start" >&2; exit 1; }

echo "${program##*/} $url"
"$program" "$url" "$@"
