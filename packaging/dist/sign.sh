#!/usr/bin/env bash
# sign.sh DIST KEY: signs the release in the folder DIST with minisign and the secret key in the file KEY. DIST/SHA256SUMS.minisig
# is the signature of SHA256SUMS, which lists all files. minisign asks for the password of the key. See RELEASING.md.
#
# It refuses a folder that is not a release: the files differ from SHA256SUMS, or NOT-BUILT.txt lists a part that failed, a build
# that is not for a release, or recipes without an address.
set -euo pipefail
die() {
    echo "sign.sh: $*" >&2
    exit 1
}
[ $# -eq 2 ] || die "usage: sign.sh DIST KEY"
command -v minisign >/dev/null || die "minisign is missing: apt-get install minisign, or brew install minisign"
key=$(realpath "$2")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$(dirname "$0")/../../Cargo.toml" | head -n 1)
cd "$1"

[ -f SHA256SUMS ] && [ -f NOT-BUILT.txt ] || die "$1 is not a result of make dist: SHA256SUMS or NOT-BUILT.txt is missing"
if grep -E '^all: |FAILED|EGRET_WS_RELEASE_URL' NOT-BUILT.txt >&2; then die "this is not a release: see the lines of NOT-BUILT.txt above"; fi
sha256sum --quiet --strict --check SHA256SUMS >&2 || die "a file does not match SHA256SUMS: repeat make dist"
listed=$(sed 's/^[0-9a-f]*  //' SHA256SUMS | LC_ALL=C sort)
present=$(find . -type f ! -name 'SHA256SUMS*' | sed 's|^\./||' | LC_ALL=C sort)
[ "$listed" = "$present" ] || die "SHA256SUMS does not list exactly the files of $1: repeat make dist"
grep -q -- "egret-ws-$version\.cdx\.json\$" SHA256SUMS || die "no list of contents of version $version: is this another release?"

# The comment is also signed, so an old release cannot be presented as this one.
minisign -S -s "$key" -m SHA256SUMS -c "signature of the minisign secret key of egret-ws" -t "egret-ws $version"
