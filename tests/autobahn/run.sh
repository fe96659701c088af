#!/bin/sh
# Runs Autobahn's suite against the library, threaded and inline, and compares the outcome with expected.json.
#
# usage: run.sh LIBRARY_DIR VENV REPORT_DIR        VENV made by install.sh; REPORT_DIR/index.html is for reading
#
# Expected other than OK: section 9 beyond the cap of 128 KiB (refused with 1009, which the suite calls FAILED),
# sections 12 and 13 (UNIMPLEMENTED without permessage-deflate), 7.1.6 and 7.13.* (INFORMATIONAL by definition).
set -eu

die() {
    echo "run.sh: $*" >&2
    exit 1
}

[ $# -eq 3 ] || die "usage: run.sh LIBRARY_DIR VENV REPORT_DIR"
library=$(cd "$1" && pwd)
python=$2/bin/python
report=$3
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}

command -v "$cc" >/dev/null || die "no C compiler '$cc' (Debian: apt-get install gcc libc6-dev)"
mkdir -p "$report"
rm -f "$report/index.json" "$report/port"
"$cc" -std=c99 -O1 -g -Wall -Wextra -pedantic -Werror -I "$here/../../include" -o "$report/client" "$here/client.c" \
    -L "$library" -legret_ws -Wl,-rpath,"$library"

# The server writes its port into a pipe when it listens; if it cannot, the pipe ends and `read` fails.
mkfifo "$report/port"
"$python" "$here/server.py" "$report" >"$report/port" 2>"$report/server.log" &
server=$!
trap 'kill $server 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
read -r port <"$report/port" || die "the server did not start: $(tail -n 5 "$report/server.log")"

for driver in threaded inline; do
    "$report/client" $driver "$port" $driver
done
"$python" "$here/verdict.py" "$report/index.json" "$here/expected.json" threaded inline
