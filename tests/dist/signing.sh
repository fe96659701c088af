#!/usr/bin/env bash
# signing.sh [DIST]: signs a release with a test key, and verifies it with the commands of RELEASING.md. A changed file, another
# key and a folder that is not a release must be refused.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
command -v minisign >/dev/null || { echo "CANNOT: minisign is missing: apt-get install minisign" && exit 3; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
die() {
    echo "signing.sh: $*" >&2
    exit 1
}
refused() { # TEXT COMMAND...
    local text=$1
    shift
    if "$@" >log 2>&1; then die "accepted: $*"; fi
    grep -q -- "$text" log || { cat log >&2 && die "no line with: $text"; }
}

for key in release other; do minisign -G -W -p $key.pub -s $key.key >/dev/null; done
new_release() {
    rm -rf dist
    mkdir -p dist/debian12
    echo library >"dist/egret-ws-$version-linux-x86_64.tar.gz"
    echo library >"dist/debian12/libegret-ws0_${version}_amd64.deb"
    echo '{}' >"dist/egret-ws-$version.cdx.json"
    echo "apple: was not asked for" >dist/NOT-BUILT.txt
    sums
}
sums() { (cd dist && find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS); }
sign() { "$root/packaging/dist/sign.sh" dist release.key; }
# Use the commands of RELEASING.md with the test key.
sed -n '/^<!-- tested by: tests\/dist\/signing\.sh -->/,/^```$/p' "$root/RELEASING.md" | sed '1,2d;$d' >verify.sh
[ -s verify.sh ] || die "RELEASING.md has no commands that verify"
verify() { # KEY.pub
    cp "$1" dist/egret-ws.pub
    (cd dist && sh -eu ../verify.sh)
}

new_release
sign >/dev/null
verify release.pub >log
grep -q "^Trusted comment: egret-ws $version\$" log || die "the version is not in the signed comment"
rm dist/debian12/*.deb
verify release.pub >/dev/null # verify the downloaded files
refused "key id\|Signature key" verify other.pub
echo changed >"dist/egret-ws-$version-linux-x86_64.tar.gz"
refused "FAILED" verify release.pub
sums
refused "Signature verification failed" verify release.pub

new_release
echo changed >"dist/egret-ws-$version-linux-x86_64.tar.gz"
refused "repeat make dist" sign
new_release
echo more >dist/more
refused "does not list exactly" sign
for line in "all: not for a release: built without optimisation" "linux: FAILED: failed with status 1" \
    "recipes: the recipes name no address: set EGRET_WS_RELEASE_URL"; do
    new_release
    echo "$line" >>dist/NOT-BUILT.txt
    sums
    refused "not a release" sign
done
new_release
mv "dist/egret-ws-$version.cdx.json" dist/egret-ws-0.0.1.cdx.json
sums
refused "another release" sign
