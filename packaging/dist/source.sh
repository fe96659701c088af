#!/usr/bin/env bash
# source.sh DIST: the sources of the commit that is checked out, as a part of dist.sh. Files that are not committed are not in it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: source.sh DIST"
is_checkout || cannot "the source archive: $root is not a checkout of git, or one of another user"
name=egret-ws-$version

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# By our own packer, whose archives do not depend on git's version and settings.
git -C "$root" archive --format=tar HEAD | tar -x -C "$folder"
pack "$1/$name.tar.gz" "$folder"
made "$name.tar.gz"
