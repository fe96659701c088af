#!/bin/sh
# Runs Autobahn's suite against the library, threaded and inline, and compares the results with expected.json.
#
# usage: run.sh LIBRARY_DIR VENV REPORT_DIR all|quick
#
# install.sh makes VENV. REPORT_DIR/index.html is the report for people. cases.py lists the quick cases.
#
# These cases are expected not to be OK:
# - cases of section 9 above the limit of 128 KiB, and the five cases of 12.4 that inflate to more than this limit. The library
#   refuses them with 1009, which the suite calls FAILED.
# - 7.1.6 and 7.13.*, which are INFORMATIONAL by definition.
set -eu

die() {
    echo "run.sh: $*" >&2
    exit 1
}

[ $# -eq 4 ] || die "usage: run.sh LIBRARY_DIR VENV REPORT_DIR all|quick"
library=$(cd "$1" && pwd)
python=$2/bin/python
report=$3
selection=$4
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}

command -v "$cc" >/dev/null || die "no C compiler '$cc' (Debian: apt-get install gcc libc6-dev)"
mkdir -p "$report"
rm -f "$report/index.json" "$report/port"
case $selection in
all) seconds=3600 case_seconds=300 ;;
quick) seconds=240 case_seconds=30 ;;
*) die "all or quick, not $selection" ;;
esac
cases=$("$python" "$here/cases.py" "$here/expected.json" "$selection")
"$cc" -std=c99 -O1 -g -Wall -Wextra -pedantic -Werror -I "$here/../../include" -DCASE_SECONDS=$case_seconds -o "$report/client" "$here/client.c" \
    -L "$library" -legret_ws -Wl,-rpath,"$library"

# The server writes its port into a pipe when it listens; if it cannot, the pipe ends and `read` fails.
mkfifo "$report/port"
"$python" "$here/server.py" "$report" $seconds >"$report/port" 2>"$report/server.log" &
server=$!
trap 'kill $server 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
read -r port <"$report/port" || die "the server did not start: $(tail -n 5 "$report/server.log")"

for driver in threaded inline; do
    # shellcheck disable=SC2086 # a list of words
    "$report/client" $driver "$port" $driver $cases
done
"$python" "$here/verdict.py" "$report/index.json" "$here/expected.json" "$cases" threaded inline
