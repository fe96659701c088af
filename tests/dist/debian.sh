#!/usr/bin/env bash
# debian.sh DIST: installs the packages in Debian 11, 12 and 13 with dpkg, compiles programs against them and runs the programs.
# Then it installs the packages again and removes them. The packages for arm64 are unpacked and checked, and their programs run
# under qemu. Needs root.
set -euo pipefail
. "$(dirname "$0")/linux/common.sh"
dist=$(cd "${1:?usage: debian.sh DIST}" && pwd)

packages() { # NUMBER ARCHITECTURE: sets `files`, in the order in which they are installed
    local package
    files=()
    for package in libegret-ws0 libegret-ws-dev egret-ws-tools libegret-ws0-dbgsym egret-ws-tools-dbgsym; do
        files+=("$(echo "$dist/debian$1/${package}"_*_"$2.deb")")
        [ -f "${files[-1]}" ] || die "Debian $1: no $package for $2"
    done
}

field() { # FILE FIELD
    dpkg-deb --field "$1" "$2"
}

check_packages() { # NUMBER ARCHITECTURE
    local file package doc
    debian_release "$1"
    debian_machine "$2"
    packages "$1" "$2"
    rm -rf "$scratch/unpacked"
    for file in "${files[@]}"; do
        package=$(field "$file" Package)
        dpkg-deb --extract "$file" "$scratch/unpacked"
        [ "$(field "$file" Version)" = "${version/-/\~}-1~deb$1u1" ] || die "$file has version $(field "$file" Version)"
        dpkg-deb --fsys-tarfile "$file" | tar -tv >"$scratch/list"
        for doc in THIRD-PARTY-NOTICES.txt copyright changelog.Debian.gz; do
            grep -q " \./usr/share/doc/$package/$doc$" "$scratch/list" || die "$file has no $doc"
        done
        ! grep -v ' root/root ' "$scratch/list" || die "$file contains files that root does not own"
    done
    local lib=$scratch/unpacked/usr/lib/$triplet check
    check=("$root/packaging/dist/check_elf.py" --machine "$machine" --glibc "$glibc" --needs "libssl.so.$openssl_version"
        --needs "libcrypto.so.$openssl_version" --needs libgcc_s.so.1)
    "${check[@]}" --exports "$root/include/egret_ws.h" "$lib/libegret_ws.so"
    "${check[@]}" "$scratch/unpacked/usr/bin/egret-ws-doctor" "$scratch/unpacked/usr/bin/egret-ws-echo"
    local depends
    depends=$(field "${files[0]}" Depends)
    [[ $depends == "libc6 (>= 2."*", libgcc-s1"*", $openssl (>= "*")" ]] ||
        die "libegret-ws0 of Debian $1 depends on $depends"
    local id
    id=$(build_id "$lib/libegret_ws.so")
    [ "$id" = "$(build_id "$scratch/unpacked/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug")" ] || die "no debug file of $id"
    ! grep -rq "$cache_dir\|$root/" "$scratch/unpacked/usr/lib" "$scratch/unpacked/usr/bin" || die "a package contains the name of a folder of the build machine"
    passed "Debian $1 $2: the content of the packages"
}

# On that Debian version, dpkg-shlibdeps must find the same dependencies.
compare_with_shlibdeps() { # NUMBER
    command -v dpkg-shlibdeps >/dev/null || return 0
    local found
    mkdir -p "$scratch/shlibdeps/debian"
    printf 'Source: egret-ws\n\nPackage: libegret-ws0\nArchitecture: any\n' >"$scratch/shlibdeps/debian/control"
    found=$(cd "$scratch/shlibdeps" && dpkg-shlibdeps -O "$scratch/unpacked/usr/lib/$triplet/libegret_ws.so" 2>/dev/null) || die "dpkg-shlibdeps failed"
    [ "$(sed 's/^shlibs:Depends=//; s/, /\n/g' <<<"$found" | sort)" = "$(field "${files[0]}" Depends | sed 's/, /\n/g' | sort)" ] ||
        die "dpkg-shlibdeps finds other dependencies: $found, not $(field "${files[0]}" Depends)"
    passed "Debian $1: the dependencies are those of dpkg-shlibdeps"
}

lint() {
    command -v lintian >/dev/null || { echo "NOT TESTED: lintian: apt-get install lintian" && return 0; }
    local said
    # A debug package contains the licences, like each package of a release. Debug packages of Debian have a link instead.
    said=$(lintian --allow-root --no-cfg --fail-on none --suppress-tags non-debug-file-in-debug-package "${files[@]}" | grep '^E:' || true)
    [ -z "$said" ] || die "lintian: $said"
    passed "Debian $1: lintian finds no error"
}

for number in 11 12 13; do
    for architecture in amd64 arm64; do
        [ -d "$dist/debian$number" ] && compgen -G "$dist/debian$number/*_$architecture.deb" >/dev/null || {
            echo "NOT TESTED: Debian $number $architecture: it was not built"
            continue
        }
        check_packages "$number" "$architecture"
        if [ "$architecture" = arm64 ]; then
            debian_sysroot "$number" arm64
            command -v qemu-aarch64 >/dev/null || { echo "NOT TESTED: arm64 is not run: no qemu-aarch64" && continue; }
            # The library and the programs run with the C library and OpenSSL of that Debian version.
            qemu=(qemu-aarch64 -L "$sysroot" -E "LD_LIBRARY_PATH=$sysroot/usr/lib/$triplet:$scratch/unpacked/usr/lib/$triplet")
            start_server "${qemu[@]}" "$scratch/unpacked/usr/bin/egret-ws-echo" --tls --ca-file "$scratch/ca.pem"
            "${qemu[@]}" "$scratch/unpacked/usr/bin/egret-ws-doctor" --roots "$scratch/ca.pem" "$url" >"$scratch/said" || die "the doctor: $(cat "$scratch/said")"
            stop_server
            # Otherwise the compiler would use its own C library instead of the one in --sysroot.
            "$triplet-gcc" --sysroot="$sysroot" "-B$sysroot/usr/lib/$triplet" "-L$sysroot/usr/lib/$triplet" \
                -I"$scratch/unpacked/usr/include" "$root/examples/hello.c" -L"$scratch/unpacked/usr/lib/$triplet" -legret_ws -Wl,--unresolved-symbols=ignore-in-shared-libs -o "$scratch/hello"
            start_server "${qemu[@]}" "$scratch/unpacked/usr/bin/egret-ws-echo" --tls --ca-file "$scratch/ca.pem"
            SSL_CERT_FILE=$scratch/ca.pem "${qemu[@]}" "$scratch/hello" "$url" >"$scratch/said" || die "hello.c failed"
            stop_server
            passed "Debian $number arm64: the programs, and hello.c with the library, under qemu; not installed by dpkg"
            continue
        fi
        [ "$number" != "$(. /etc/os-release && echo "${VERSION_ID:-}")" ] || compare_with_shlibdeps "$number"
        [ "$number" != 12 ] || lint "$number"
        [ "$(id -u)" = 0 ] || { echo "NOT TESTED: only root can install packages in a Debian $number" && continue; }
        debian_root "$number"
        mkdir -p "$scratch/debs"
        cp "${files[@]}" "$scratch/debs/"
        in_debian /repository/tests/dist/linux/use_debs.sh
        rm -r "$scratch/debs"
        passed "Debian $number $architecture: installed, used, installed again and removed"
    done
done
