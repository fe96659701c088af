#!/usr/bin/env bash
# run.sh DIST [PART...]: tests the packages in the folder DIST, which `make dist` has made. Each package is used like a user would
# use it, in an empty folder.
#
# The tests of a part are in the script PART.sh in this folder. It gets DIST, and ends with status 0 if the tests pass, and with
# status 3 after a line "CANNOT: reason" if this machine cannot run them. A part that was not built is skipped.
set -uo pipefail
[ $# -ge 1 ] || { echo "usage: run.sh DIST [PART...]" >&2 && exit 2; }
dist=$(cd "$1" && pwd) || exit
shift
here=$(cd "$(dirname "$0")" && pwd)
[ -f "$dist/SHA256SUMS" ] || { echo "run.sh: $dist has no SHA256SUMS: make dist" >&2 && exit 2; }

passed=0 failed=0 skipped=0 failures=""
count() { # NAME STATUS
    case $2 in
    0) passed=$((passed + 1)) ;;
    3) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) failures+=" $1" ;;
    esac
}
step() { # NAME COMMAND...
    local name=$1 status=0 start=$SECONDS
    shift
    printf '\n=== %s\n' "$name"
    "$@" </dev/null || status=$?
    count "$name" $status
    printf -- '--- %s: status %d, %d s\n' "$name" $status $((SECONDS - start))
}

if [ $# -eq 0 ]; then
    step sums sh -c 'cd "$1" && sha256sum --quiet --strict --check SHA256SUMS' - "$dist"
    set -- "$here"/*.sh
fi
for part; do
    part=$(basename "$part" .sh)
    case $part in run | common) continue ;; esac
    if reason=$(sed -n "s/^$part: //p" "$dist/NOT-BUILT.txt" | grep -v '^FAILED') && [ -n "$reason" ]; then
        echo "NOT BUILT: $part: $reason"
    fi
    if grep -q "^$part: \(was not asked for\|nothing: \)" "$dist/NOT-BUILT.txt"; then
        count "$part" 3
    else
        step "$part" "$here/$part.sh" "$dist"
    fi
done
echo
for name in $failures; do echo "FAILED: $name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
