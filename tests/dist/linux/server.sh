# The tests of packages source this file. It starts an echo server, and stops it when the test ends.

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

server=""
# start_server COMMAND...: starts an echo server, and sets `url`.
start_server() {
    local out=$scratch/server-out
    : >"$out"
    "$@" >"$out" 2>"$scratch/server-errors" </dev/null &
    server=$!
    for _ in $(seq 600); do
        [ "$(wc -l <"$out")" -lt "$([[ " $* " == *" --tls "* ]] && echo 2 || echo 1)" ] || break
        kill -0 "$server" 2>/dev/null || die "$* did not start: $(cat "$scratch/server-errors")"
        sleep 0.1
    done
    read -r url <"$out" || die "$* did not print its URL"
    url=${url/127.0.0.1/localhost}
}

stop_server() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=""
}
