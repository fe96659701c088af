#!/usr/bin/env bash
# linux.sh DIST: uses the tarballs for Linux like a user: unpacks them in any folder, compiles programs against them, and runs the
# programs. Programs for arm64 run under qemu, programs for musl with musl's loader. As root, it also uses them in Debian 11, 12
# and 13.
set -euo pipefail
. "$(dirname "$0")/linux/common.sh"
dist=$(cd "${1:?usage: linux.sh DIST}" && pwd)

unpack() { # NAME: unpacks dist/NAME.tar.gz in an empty folder, and sets `tree` to the result
    rm -rf "${scratch:?}/$1"
    mkdir -p "$scratch/$1"
    tar -xzf "$dist/$1.tar.gz" -C "$scratch/$1"
    [ "$(ls "$scratch/$1")" = "$1" ] || die "the top of $1.tar.gz must contain only the folder $1, but contains: $(ls "$scratch/$1")"
    tree=$scratch/$1/$1
}

contents() { # NAME: checks the files that each tarball must contain
    local file
    for file in README.txt LICENSE-MIT LICENSE-APACHE THIRD-PARTY-NOTICES.txt bin/egret-ws-doctor bin/egret-ws-echo include/egret_ws.h \
        include/egret_ws.hpp lib/libegret_ws.a lib/libegret_ws.so lib/pkgconfig/egret_ws.pc lib/cmake/egret_ws/egret_ws-config.cmake \
        share/doc/egret_ws/doctor.md share/egret_ws/js/package.json; do
        [ -s "$tree/$file" ] || die "$1.tar.gz has no $file"
    done
    grep -q 'OpenSSL' "$tree/THIRD-PARTY-NOTICES.txt" || die "$1.tar.gz contains OpenSSL without its licence"
    ! grep -rq "$scratch" "$tree" || die "$1.tar.gz contains the name of a folder of the build machine"
}

debug_files() { # NAME: checks that each stripped file has a debug file with its build ID
    local file id
    rm -rf "$scratch/debug"
    mkdir "$scratch/debug"
    tar -xzf "$dist/$1-debug.tar.gz" -C "$scratch/debug"
    for file in lib/libegret_ws.so bin/egret-ws-doctor bin/egret-ws-echo; do
        [ -e "$tree/$file" ] || continue
        id=$(build_id "$tree/$file")
        [ -n "$id" ] && [ "$id" = "$(build_id "$scratch/debug/$1-debug/$(basename "$file").debug")" ] ||
            die "$1: the debug file of $file has another build ID"
    done
}

for machine in x86_64 arm64; do
    name=egret-ws-$version-linux-$machine
    [ -f "$dist/$name.tar.gz" ] || { echo "NOT TESTED: $name: it was not built" && continue; }
    unpack "$name"
    contents "$name"
    "$root/packaging/dist/check_elf.py" --machine "$machine" --glibc 2.17 --exports "$tree/include/egret_ws.h" "$tree/lib/libegret_ws.so"
    "$root/packaging/dist/check_elf.py" --machine "$machine" --glibc 2.17 "$tree/bin/egret-ws-doctor" "$tree/bin/egret-ws-echo"
    debug_files "$name"
    choose_machine "$machine"
    if can_run; then
        use_prefix "$tree" lib
        passed "$name: pkg-config, CMake, C and C++, shared and static, ws and wss"
    else
        echo "NOT TESTED: $name: no $cc or no $runner, so nothing was run"
    fi
done

# musl: this machine's compiler has the headers of glibc, so zig compiles. The loader of Debian 13's musl runs the programs.
for machine in x86_64 arm64; do
    name=egret-ws-$version-linux-musl-$machine
    [ -f "$dist/$name.tar.gz" ] || { echo "NOT TESTED: $name: it was not built" && continue; }
    unpack "$name"
    contents "$name"
    "$root/packaging/dist/check_elf.py" --machine "$machine" --musl --exports "$tree/include/egret_ws.h" "$tree/lib/libegret_ws.so"
    "$root/packaging/dist/check_elf.py" --machine "$machine" --musl "$tree/bin/egret-ws-doctor" "$tree/bin/egret-ws-echo"
    debug_files "$name"
    choose_machine "musl-$machine"
    if can_run; then
        use_prefix "$tree" lib
        passed "$name: pkg-config, C, shared and static, ws and wss"
    else
        echo "NOT TESTED: $name: no $runner, so nothing was run"
    fi
done

# Test the paths of the certificates of each distribution.
name=egret-ws-$version-linux-x86_64
if [ "$(id -u)" != 0 ] || [ "$(uname -m)" != x86_64 ] || [ ! -f "$dist/$name.tar.gz" ]; then
    echo "NOT TESTED: other distributions: this needs root, and $name.tar.gz"
    exit 0
fi
unpack "$name"
choose_machine x86_64
"$cc" -I"$tree/include" "$root/examples/hello.c" -L"$tree/lib" -legret_ws -Wl,-rpath,"$tree/lib" -o "$scratch/hello"
start_server "$tree/bin/egret-ws-echo" --tls --ca-file "$scratch/ca.pem"
# Debian and Arch; Fedora and RHEL; older RHEL; openSUSE; Alpine.
for roots in /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt \
    /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem nowhere; do
    status=0
    ROOTS=$roots SCRATCH=$scratch unshare --mount bash -euc '
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/upper /mnt/work
        mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
        rm -rf /etc/ssl /etc/pki
        [ "$ROOTS" = nowhere ] || { mkdir -p "$(dirname "$ROOTS")" && cp "$SCRATCH/ca.pem" "$ROOTS"; }
        exec "$SCRATCH/hello" "$1"' - "$url" >"$scratch/said" 2>&1 || status=$?
    if [ "$roots" = nowhere ]; then
        grep -q 'EGRET_WS_ERR_TLS_ISSUER' "$scratch/said" || die "without certificates: $(cat "$scratch/said")"
    else
        [ $status = 0 ] || die "certificates in $roots are not found: $(cat "$scratch/said")"
    fi
done
stop_server
passed "the certificates of Debian, Arch, Fedora, RHEL, openSUSE and Alpine are found"

for number in 11 12 13; do
    debian_root "$number"
    in_debian /repository/tests/dist/linux/use_prefix.sh "/scratch/$name/$name" lib
    passed "$name: in Debian $number"
done
