# The tests of packages for Linux source this file. It sets `root`, `version` and `scratch`, which is an empty folder.
. "$(dirname "${BASH_SOURCE[0]}")/../../../packaging/dist/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../../../packaging/dist/debian/releases.sh"
scratch=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"
trap 'stop_server; rm -rf "$scratch"' EXIT

passed() {
    echo "passed: $*"
}

build_id() { # FILE
    readelf --notes "$1" 2>/dev/null | sed -n "s,^ *Build ID: ,,p"
}

# choose_machine x86_64|arm64|musl-x86_64|musl-arm64: sets `cc`, `cxx`, `runner` and the other variables of use_prefix.
choose_machine() {
    runner="" cmake_settings="" links="shared static" static_libraries="" cmake=""
    case $1 in
    x86_64) cc=x86_64-linux-gnu-gcc cxx=x86_64-linux-gnu-g++ ;;
    arm64)
        cc=aarch64-linux-gnu-gcc cxx=aarch64-linux-gnu-g++
        cmake_settings="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64"
        [ "$(uname -m)" = aarch64 ] || runner="qemu-aarch64 -L /usr/aarch64-linux-gnu"
        ;;
    musl-*)
        local processor=x86_64
        [ "$1" = musl-x86_64 ] || processor=aarch64
        python_tools
        cc=$scratch/$1-cc cxx=$scratch/$1-c++ cmake=no
        for compiler in cc c++; do
            printf '#!/bin/sh\nexec "%s" %s -target %s-linux-musl "$@"\n' "$tools/bin/python-zig" $compiler $processor >"$scratch/$1-$compiler"
            chmod +x "$scratch/$1-$compiler"
        done
        # Alpine's compiler links this unwinder by itself.
        static_libraries=-lunwind
        if [ $processor = aarch64 ] && [ "$(uname -m)" != aarch64 ]; then
            debian_fetch 13 arm64 "$cache_dir/musl13-arm64" musl
            # Programs contain this path of their loader.
            [ -e "$cache_dir/musl13-arm64/lib" ] || ln -s usr/lib "$cache_dir/musl13-arm64/lib"
            runner="qemu-aarch64 -L $cache_dir/musl13-arm64"
        else
            debian_fetch 13 amd64 "$cache_dir/musl13-amd64" musl # musl 1.2.5; Debian 12's musl has no statx
            local loader
            loader=$(find "$cache_dir/musl13-amd64" -name libc.so -type f)
            runner=$scratch/run-musl # with the static library zig links static programs, which the loader refuses
            printf '#!/bin/sh\nreadelf --program-headers "$1" | grep -q INTERP || exec "$@"\nexec "%s" "$@"\n' "$loader" >"$runner"
            chmod +x "$runner"
        fi
        ;;
    esac
}

# can_run: returns whether this machine can compile and run programs for the chosen machine.
can_run() {
    command -v "$cc" >/dev/null || return
    [ -z "$runner" ] || { command -v "${runner%% *}" >/dev/null || return; }
}

use_prefix() { # PREFIX LIBDIR
    CC=$cc CXX=$cxx RUNNER=$runner CMAKE=$cmake CMAKE_SETTINGS=$cmake_settings LINKS=$links STATIC_LIBRARIES=$static_libraries \
        "$root/tests/dist/linux/use_prefix.sh" "$@"
}

# debian_root NUMBER: sets `debian` to the folder of an installed Debian with compilers. If it is not there, it is made (as root).
debian_root() {
    debian_release "$1"
    debian=$cache_dir/chroots/debian$1
    [ ! -e "$debian.ready" ] || return 0
    command -v debootstrap >/dev/null || cannot "no debootstrap: apt-get install debootstrap"
    rm -rf --one-file-system "$debian"
    mkdir -p "$debian"
    echo "Debian $1 is being installed in $debian ..."
    debootstrap --variant=minbase --include=gcc,g++,libc6-dev,cmake,make,pkg-config,ca-certificates,libssl-dev,zlib1g-dev,libzstd-dev \
        "$suite" "$debian" "$debian_mirror" >"$debian.log" 2>&1 || die "debootstrap failed: see $debian.log"
    touch "$debian.ready"
}

# in_debian COMMAND...: runs a command in a copy of the Debian of debian_root. The copy is removed afterwards. In the copy,
# `/repository` is this checkout, and `/scratch` is the scratch folder.
in_debian() {
    DEBIAN=$debian ROOT=$root SCRATCH=$scratch unshare --mount bash -euc '
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/upper /mnt/work /mnt/root
        mount -t overlay overlay -o "lowerdir=$DEBIAN,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
        mkdir -p /mnt/root/repository /mnt/root/scratch
        mount -t proc proc /mnt/root/proc
        mount --rbind /dev /mnt/root/dev
        mount --bind "$ROOT" /mnt/root/repository
        mount --bind "$SCRATCH" /mnt/root/scratch
        exec chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"' - "$@"
}
