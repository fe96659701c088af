#!/bin/sh
# install_servers.sh DIR: makes sure that DIR holds the WebSocket servers that the registries of Python and Node have:
# DIR/venv with `websockets` and DIR/node_modules with `ws`. Does nothing if they are there already.
set -eu

websockets=17.4
ws=8.23.0
ws_integrity=sha512-wCkmX8QMOrKjgO8HW2WyDbTSGeqkocxgDzS9iR79rEAexty6/2qzilx3Ag8Tqf9ykop3irLKle0MtVn5qjVnoQ==

die() {
    echo "install_servers.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: install_servers.sh DIR"
mkdir -p "$1"
cd "$1"

if ! venv/bin/python -c "import websockets; assert websockets.__version__ == '$websockets'" 2>/dev/null; then
    python3 -c 'import venv, ensurepip' 2>/dev/null || die "python3 with venv is missing (Debian: python3 python3-venv)"
    python3 -m venv --clear venv
    venv/bin/python -m pip --quiet --disable-pip-version-check --no-input install --no-deps "websockets==$websockets" ||
        die "pip failed; it has to reach PyPI"
fi

version='require("ws/package.json").version'
if [ "$(NODE_PATH=node_modules node -p "$version" 2>/dev/null)" != "$ws" ]; then
    command -v npm >/dev/null || die "npm is missing (Debian: nodejs npm)"
    echo '{ "private": true }' >package.json
    npm install --silent --ignore-scripts --save-exact "ws@$ws" || die "npm install failed; it has to reach the npm registry"
    grep -qF "$ws_integrity" package-lock.json || die "ws $ws has another integrity than $ws_integrity"
fi
