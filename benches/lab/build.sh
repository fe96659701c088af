#!/bin/bash
# build.sh LIBRARY_DIRECTORY OUT [PROGRAM...]: builds the programs and certificates of the benchmark in OUT, from Debian's packages,
# crates.io and PyPI.
#
# PROGRAM: server raw egret scale energy beast libwebsockets websocketpp wslay curl rust python; default: all. A program that is newer
# than its sources is not built again. `python` is the environment of the clients in Python.
set -euo pipefail
library=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
shift 2
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- server raw egret scale energy beast libwebsockets websocketpp wslay curl rust python

flags="-O3 -Wall -Wextra -pthread"
tls="-lssl -lcrypto"

is_newer() { # PROGRAM SOURCE...
    local program=$1 source
    shift
    [ -e "$program" ] || return 1
    for source in "$@" common/*.h clients/*.h ../../include/*.h; do [ "$program" -nt "$source" ] || return 1; done
}

c() { # NAME SOURCES LIBRARIES
    # shellcheck disable=SC2086 # lists of words
    is_newer "$out/$1" $2 || "${CC:-cc}" -std=gnu11 $flags -I../../include -o "$out/$1" $2 $3
}

cpp() { # NAME STANDARD LIBRARIES
    # shellcheck disable=SC2086
    is_newer "$out/$1" "clients/$1.cc" || "${CXX:-c++}" -std="$2" $flags -o "$out/$1" "clients/$1.cc" $3
}

install_python() { # installs the packages of the Python clients, unless they are installed
    local lists=(clients/requirements.txt ../../tests/shared/servers/requirements.txt) stamp
    stamp=$(cat "${lists[@]}" | sha256sum)
    [ "$(cat "$out/python/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    python3 -m venv --clear "$out/python"
    "$out/python/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        "${lists[@]/#/--requirement=}"
    echo "$stamp" >"$out/python/stamp"
}

ours="-L$library -legret_ws -Wl,-rpath,$library"
for program; do
    case $program in
    server) c server "$(echo server/*.c)" "$tls" ;;
    egret) c egret clients/egret.c "$ours" ;;
    scale | energy) c "$program" "clients/$program.c" "$ours" ;;
    libwebsockets) c libwebsockets clients/libwebsockets.c "-lwebsockets $tls" ;;
    curl) c curl clients/curl.c "-lcurl" ;;
    raw) cpp raw c++17 "$tls" ;;
    beast) cpp beast c++17 "$tls" ;;
    wslay) cpp wslay c++17 "-lwslay" ;;
    websocketpp) cpp websocketpp c++14 "$tls" ;; # it is older than C++17 and does not compile with it
    rust)
        cargo build --quiet --locked --release --manifest-path peers/Cargo.toml --target-dir "$out/peers"
        find "$out/peers/release" -maxdepth 1 -type f -executable -exec cp -u {} "$out" \;
        ;;
    python) install_python ;;
    *) echo "build.sh: no such program: $program" >&2 && exit 2 ;;
    esac
done

# A certificate authority, and a certificate for the loopback address.
if [ ! -e "$out/server.pem" ]; then
    exec 3>"$out/openssl.log"
    key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    openssl req -x509 "${key[@]}" -days 3650 -subj /CN=lab -keyout "$out/ca.key" -out "$out/ca.pem" 2>&3
    openssl req "${key[@]}" -subj /CN=localhost -keyout "$out/server.key" -out "$out/server.csr" 2>&3
    openssl x509 -req -in "$out/server.csr" -CA "$out/ca.pem" -CAkey "$out/ca.key" -CAcreateserial -days 3650 \
        -extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1) -out "$out/server.pem" 2>&3
fi
