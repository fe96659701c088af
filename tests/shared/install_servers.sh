#!/bin/sh
# install_servers.sh DIR: makes sure that DIR holds the WebSocket servers that the registries of Python and Node have:
# DIR/venv with `websockets` and DIR/node_modules with `ws`. Does nothing if they are there already.
#
# The files in `servers` pin them by hash.
set -eu

die() {
    echo "install_servers.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: install_servers.sh DIR"
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"

requirements=$here/servers/requirements.txt
if ! cmp -s "$requirements" venv/installed.txt; then
    python3 -c 'import venv, ensurepip' 2>/dev/null || die "python3 with venv is missing (Debian: python3 python3-venv)"
    python3 -m venv --clear venv
    venv/bin/python -m pip --quiet --disable-pip-version-check --no-input install --no-deps --only-binary :all: --require-hashes \
        -r "$requirements" || die "pip failed; it has to reach PyPI"
    cp "$requirements" venv/installed.txt
fi
"$here/../js/npm_list.sh" "$here/servers" .
