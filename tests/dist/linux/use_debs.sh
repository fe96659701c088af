#!/usr/bin/env bash
# use_debs.sh: runs in a temporary copy of a Debian. It installs the packages of /scratch/debs, uses them, installs them again, and
# removes them.
set -euo pipefail
die() {
    echo "use_debs.sh: $*" >&2
    exit 1
}
triplet=$(gcc -print-multiarch)
cd /scratch/debs
files() { find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /scratch -o -path /repository \) -prune -o -print | LC_ALL=C sort; }
files >/tmp/before
dpkg --install ./*.deb >/tmp/log 2>&1 || die "$(cat /tmp/log)"
dpkg --audit
[ -z "$(dpkg --audit)" ] || die "dpkg --audit complains"
apt-get check -qq >/tmp/log 2>&1 || die "apt-get check: $(cat /tmp/log)"
dpkg --verify libegret-ws0 libegret-ws-dev egret-ws-tools >/tmp/log || die "md5sums: $(cat /tmp/log)"
ldconfig --print-cache | grep libegret_ws.so >/dev/null || die "ldconfig does not know the library"
/repository/tests/dist/linux/use_prefix.sh /usr "lib/$triplet"
dpkg --install ./*.deb >/tmp/log 2>&1 || die "again: $(cat /tmp/log)"
/repository/tests/dist/linux/use_prefix.sh /usr "lib/$triplet"
dpkg --purge libegret-ws-dev egret-ws-tools libegret-ws0 libegret-ws0-dbgsym egret-ws-tools-dbgsym >/tmp/log 2>&1 || die "purge: $(cat /tmp/log)"
files >/tmp/after
# Leave out the files of dpkg and ldconfig, which exist before or are created only once.
left=$(comm -13 /tmp/before /tmp/after | grep -vE '^/var/(cache|lib/(dpkg|apt)|log)/|^/etc/ld.so.cache' || true)
[ -z "$left" ] || die "left behind: $left"
