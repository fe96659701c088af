# The scripts in this folder source this file, in bash. Each gets the folder DIST that `make dist` has filled, and uses a package
# like a user.
#
# The file sets `root`, `version` and `build_dir` (as packaging/dist/common.sh does), `dist`, and `work`: an empty folder, which is
# removed at the end of the script. EGRET_WS_ECHO is the test server. By default it is the server of this machine's build, which is
# built if it is missing.
. "$(dirname "${BASH_SOURCE[0]}")/../../packaging/dist/common.sh"
[ $# -ge 1 ] || die "usage: $(basename "$0") DIST"
[ -d "$1" ] || die "there is no folder $1; run make dist"
dist=$(cd "$1" && pwd)
work=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill "$server" 2>/dev/null || :; done; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# In a pipe with pipefail, use grep without -q: then grep reads everything, and the writing program does not fail.
ok() { echo "ok      $*"; }

# artefact NAME: prints the path of a file of DIST.
artefact() {
    [ -e "$dist/$1" ] || die "there is no $1 in $dist"
    echo "$dist/$1"
}

# must_contain NAMES... : fails unless each name is a line of standard input.
must_contain() {
    local list name
    list=$(cat)
    for name in "$@"; do grep -qxF -- "$name" <<<"$list" || die "$name is missing in: $list"; done
}

# needs_only LIBRARY MAXIMUM NAME...: fails if LIBRARY needs a glibc newer than MAXIMUM, or a library without one of these names.
needs_only() {
    local library=$1 maximum=$2 newest name
    shift 2
    newest=$(llvm objdump -T "$library" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
    [ "$(printf '%s\n' "$newest" "$maximum" | sort -V | tail -n 1)" = "$maximum" ] ||
        die "$library needs glibc $newest, newer than $maximum"
    while read -r name; do
        case " $* " in *" $name "*) ;; *) die "$library needs $name" ;; esac
    done < <(readelf --dynamic --wide "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
}

# exports_only LIBRARY NAME...: fails unless LIBRARY exports exactly these names.
exports_only() {
    local library=$1 found
    shift
    found=$(readelf --dyn-syms --wide "$library" | awk '$7 != "UND" && ($5 == "GLOBAL" || $5 == "WEAK") && $8 != "" { sub(/@.*/, "", $8); print $8 }' | sort -u | tr '\n' ' ')
    [ "$found" = "$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')" ] || die "$library exports: $found"
}

# finds_all LIBRARY [REGEX]: fails unless each function that LIBRARY needs is in glibc, is weak (optional at run time), or matches
# REGEX.
finds_all() {
    local missing
    missing=$(readelf --dyn-syms --wide "$1" | awk '$7 == "UND" && $5 == "GLOBAL" && $8 != "" && $8 !~ /@/ { print $8 }' | grep -Ev "^(${2:-})$" || :)
    [ -z "$missing" ] || die "$1 needs functions that no library provides: $missing"
}

# same_build_id LIBRARY DEBUG_FILE
same_build_id() {
    local file ids=()
    for file; do ids+=("$(readelf --notes --wide "$file" 2>/dev/null | sed -n 's/.*Build ID: //p')"); done
    [ -n "${ids[0]}" ] && [ "${ids[0]}" = "${ids[1]}" ] || die "$1 and $2 have different build IDs: ${ids[*]}"
}

# start_echo [OPTION...]: starts the test server, and sets `url`, and with --tls `ca`: the file with its certificate.
start_echo() {
    local echo=${EGRET_WS_ECHO:-} file
    if [ -z "$echo" ]; then
        (cd "$root" && cargo build --quiet --locked --package egret-ws-tools --bin egret-ws-echo)
        echo=${CARGO_TARGET_DIR:-$root/target}/debug/egret-ws-echo
    fi
    file=$(mktemp -d "$work/echo.XXXXXX")
    # --ca-file without --tls is refused.
    case " $* " in *" --tls "*) ca=$file/ca.pem && set -- "$@" --ca-file "$ca" ;; esac
    "$echo" "$@" >"$file/out" 2>"$file/err" &
    servers+=($!)
    for _ in $(seq 100); do
        [ "$(wc -l <"$file/out")" -lt 1 ] || break
        sleep 0.1
    done
    url=$(head -n 1 "$file/out")
    [ -n "$url" ] || die "$echo does not start: $(cat "$file/err")"
}

# expect TEXT COMMAND...: the command succeeds, and prints a line with TEXT.
expect() {
    local text=$1 printed
    shift
    printed=$(timeout 120 "$@" 2>&1) || die "this fails: $*: $printed"
    grep -qF -- "$text" <<<"$printed" || die "no \"$text\" is printed by $*: $printed"
}
