#!/usr/bin/env bash
# reproducible.sh [PART...]: builds the checked-out commit twice, and compares all files. The two builds differ in the depth of their
# folder, the folder of cargo, the time zone and the permissions of new files. Then it looks for traces of this machine in the files.
#
# Without PART it builds the library and the tools for this machine with their debug files, with OpenSSL inside, and the archive of the
# sources. With PART it builds these parts of `make dist`. EGRET_WS_DIST_QUICK=1: without optimisation and with the system's OpenSSL.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
commit=$(git rev-parse HEAD)
[ -z "$(git status --porcelain)" ] || echo "reproducible.sh: changes that are not committed are left out" >&2
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/reproducible
rm -rf "$folder"
mkdir -p "$folder"
unset CARGO_TARGET_DIR
host=$(rustc -vV | sed -n 's/^host: //p')
# OpenSSL cannot be built in a folder with a space.
features=(--features vendored) space=""
[ -z "${EGRET_WS_DIST_QUICK:-}" ] || { [ $# -eq 0 ] && features=() space=" of egret"; }

build() { # CHECKOUT OUT PART...
    local checkout=$1 out=$2
    shift 2
    git clone --quiet --no-checkout "$root" "$checkout"
    git -C "$checkout" checkout --quiet "$commit"
    mkdir -p "$out"
    if [ $# -gt 0 ]; then
        "$checkout/packaging/dist/dist.sh" "$@"
        mv "$checkout"/dist*/* "$out/"
    else
        "$checkout/packaging/dist/build.sh" "$host" "$out/$host" "${features[@]}"
        "$checkout/packaging/dist/source.sh" "$out"
    fi
    rm -rf "$checkout/target"
}

build "$folder/a" "$folder/out/one" "$@"
(
    # The files that cargo has already downloaded are copied to another place.
    home=${CARGO_HOME:-$HOME/.cargo}
    export CARGO_HOME=$folder/another/home-of-cargo TZ=Asia/Tokyo
    mkdir -p "$CARGO_HOME"
    for name in registry config.toml; do
        [ ! -e "$home/$name" ] || cp -a "$home/$name" "$CARGO_HOME/"
    done
    umask 027
    build "$folder/another/deeper/checkout$space" "$folder/out/two" "$@"
)

fault=0
diff -rq "$folder/out/one" "$folder/out/two" || fault=1
for out in one two; do
    "$root/packaging/dist/check_paths.py" --forbid "$folder" "$folder/out/$out" || fault=1
done
[ $fault -eq 0 ] || { echo "reproducible.sh: the files are in $folder/out" >&2 && exit 1; }
echo "$(find "$folder/out/one" -type f | wc -l) files are equal in both builds"
rm -rf "$folder"
