#!/bin/sh
# module_build.sh DIR: builds bindings/js/module in DIR with the tools that its lock file pins, and compares the result with the
# committed bin/.
set -eu

die() {
    echo "module_build.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: module_build.sh DIR"
module=$(cd "$(dirname "$0")/../../bindings/js/module" && pwd)
for tool in node npm; do
    command -v $tool >/dev/null || die "$tool is missing; install it (Debian: apt-get install nodejs npm), or name js in SKIP"
done

mkdir -p "$1"
cd "$1"
rm -rf src bin
cp -R "$module/package.json" "$module/package-lock.json" "$module/tsconfig.json" "$module/src" .
if ! cmp -s package-lock.json installed.json; then
    npm ci --ignore-scripts --silent || die "npm ci failed; it needs access to the npm registry"
    cp package-lock.json installed.json
fi
npm run --silent build || die "the module does not build"
for file in socket.js socket.min.js socket.d.ts; do
    cmp "bin/$file" "$module/bin/$file" ||
        die "bin/$file differs from the result of the build; run in bindings/js/module: npm ci --ignore-scripts && npm run build"
done
