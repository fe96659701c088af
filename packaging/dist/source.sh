#!/usr/bin/env bash
# source.sh DIST: makes the archive of the sources of the checked-out commit. It is a part of dist.sh. Uncommitted files are left
# out.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: source.sh DIST"
is_checkout || cannot "the source archive: $root is not a checkout of git, or one of another user"
name=egret-ws-$version

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Use our own packer, because its archives do not depend on git's version and settings.
git -C "$root" archive --format=tar HEAD | tar -x -C "$folder"
pack "$1/$name.tar.gz" "$folder"
made "$name.tar.gz"
