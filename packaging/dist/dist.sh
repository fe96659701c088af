#!/usr/bin/env bash
# dist.sh [PART...]: makes the packages of a release in dist/. With arguments, it makes only these parts.
#
# A part is a script in this folder, PART.sh DIST. It writes its files into the folder DIST, and prints "dist: NAME" for each
# file, or "dist: NAME/" for a folder. If a tool or an SDK is missing, it prints "CANNOT: reason". If it has then built no file,
# it ends with status 3. Every other status except 0 is a failure. After a failure the other parts are still built.
#
# SHA256SUMS lists all files. NOT-BUILT.txt lists the missing files with the reasons: "PART: reason", or "PART: nothing: reason"
# if the part has built no file.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# The order is important, because some parts need the files of others.
parts=(source linux debian windows apple android ohos java npm crate recipes sbom)

here=$root/packaging/dist
state=$build_dir/parts # PART.log, PART.commit, PART.files (the files that it has made), PART.cannot and PART.failed (the reasons)
chosen=()
for part in "${@:-"${parts[@]}"}"; do
    [[ " ${parts[*]} " == *" $part "* ]] || die "no part $part; the parts are: ${parts[*]}"
    chosen+=("$part")
done
# The list of contents includes the checksums of all files.
[[ ! -f $state/sbom.files || " ${chosen[*]} " == *" sbom "* ]] || chosen+=(sbom)
commit=unknown
! is_checkout || commit=$(git -C "$root" rev-parse HEAD)
mkdir -p "$state" "$dist_dir"

remove_files() { # PART: removes the files that it made in the last run
    local name
    [ -f "$state/$1.files" ] || return 0
    while read -r name; do rm -rf "${dist_dir:?}/$name"; done <"$state/$1.files"
    rm -f "$state/$1.files"
}

run() { # PART
    local part=$1 status=0 start=$SECONDS name
    printf '\n=== %s\n' "$part"
    remove_files "$part"
    rm -f "$state/$part".{cannot,failed}
    echo "$commit" >"$state/$part.commit"
    "$here/$part.sh" "$dist_dir" 2>&1 </dev/null | tee "$state/$part.log" || status=$?
    sed -n 's/^dist: //p' "$state/$part.log" >"$state/$part.files"
    sed -n 's/^CANNOT: //p' "$state/$part.log" >"$state/$part.cannot"
    case $status in
    0) [ -s "$state/$part.files" ] || [ -s "$state/$part.cannot" ] || echo "it made no file" >"$state/$part.failed" ;;
    3) [ -s "$state/$part.cannot" ] || echo "it ended with status 3 and printed no line CANNOT" >"$state/$part.failed" ;;
    *) echo "its script ended with status $status: see $part.log" >"$state/$part.failed" ;;
    esac
    while read -r name; do
        [ -e "$dist_dir/$name" ] || echo "it did not make $name" >"$state/$part.failed"
    done <"$state/$part.files"
    printf -- '--- %s: %d s\n' "$part" $((SECONDS - start))
}

[ $# -gt 0 ] || rm -rf "${dist_dir:?}"/* "${state:?}"/*
for part in "${chosen[@]}"; do run "$part"; done

# A part must have printed the name of each file in dist/.
cd "$dist_dir"
rm -f SHA256SUMS NOT-BUILT.txt
files() { find . -type f -printf '%P\n' | LC_ALL=C sort; }
unknown=""
while read -r file; do
    known=""
    while read -r name; do
        if [ "$file" = "$name" ] || [[ $name == */ && $file == "$name"* ]]; then known=1; fi
    done < <(cat "$state"/*.files)
    [ -n "$known" ] || unknown+=" $file"
done < <(files)

not_built() {
    local part nothing
    [ -z "$quick" ] || echo "all: not for a release: built without optimisation (EGRET_WS_DIST_QUICK)"
    if ! is_checkout; then
        echo "all: not for a release: the sources are not a checkout of git, or one of another user"
    elif [ -n "$(git -C "$root" status --porcelain)" ]; then
        echo "all: not for a release: the checkout has changes that are not committed"
    fi
    [ -n "${EGRET_WS_RELEASE_URL:-}" ] ||
        echo "all: not for a release: EGRET_WS_RELEASE_URL, the address from which the files will be downloaded, is not set"
    for part in "${parts[@]}"; do
        [ "$(cat "$state/$part.commit" 2>/dev/null || echo "$commit")" = "$commit" ] ||
            echo "all: not for a release: $part is of another commit"
        if [ -f "$state/$part.failed" ]; then
            sed "s/^/$part: FAILED: /" "$state/$part.failed"
        elif [ ! -f "$state/$part.files" ]; then
            echo "$part: was not asked for"
        fi
        nothing=""
        [ -s "$state/$part.files" ] || nothing="nothing: "
        [ ! -s "$state/$part.cannot" ] || sed "s/^/$part: $nothing/" "$state/$part.cannot"
    done
}
not_built >NOT-BUILT.txt
files | xargs -d '\n' sha256sum >"$state/sums"
mv "$state/sums" SHA256SUMS

printf '\n=== %s\n' "$dist_dir"
files | xargs -d '\n' du -h --apparent-size
if [ -s NOT-BUILT.txt ]; then
    printf '\nNot built:\n'
    sed 's/^/  /' NOT-BUILT.txt
fi

faults=""
"$here/check_paths.py" "$dist_dir" || faults+="; the packages contain traces of this machine"
[ -z "$unknown" ] || faults+="; no part made these files, so remove them:$unknown"
failed=$(find "$state" -name '*.failed' -printf ' %f' | sed 's/\.failed//g')
[ -z "$failed" ] || faults+="; these parts failed:$failed (their logs are in $state)"
[ -z "$faults" ] || die "${faults#; }"
