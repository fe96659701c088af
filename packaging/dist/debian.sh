#!/usr/bin/env bash
# debian.sh DIST: makes packages for Debian 11, 12 and 13, amd64 and arm64, which use the OpenSSL of that Debian version:
# libegret-ws0, libegret-ws-dev, egret-ws-tools, and the debug files of the first and the last one. EGRET_WS_DEBIAN="12-amd64 ..."
# selects packages.
#
# gcc links the library against the C library and OpenSSL of that Debian version. apt fetches these packages; they are only
# unpacked.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/debian/releases.sh"
dist=${1:?usage: debian.sh DIST}
recipes=$root/packaging/debian
maintainer=${EGRET_WS_MAINTAINER:-egret-ws maintainers <maintainers@egret-ws.invalid>}

for tool in apt-get dpkg-deb; do command -v "$tool" >/dev/null || cannot "no $tool: this is not a Debian"; done
[ -f "$debian_keyring" ] || cannot "no keys of Debian's archive: apt-get install debian-archive-keyring"

choose_variants EGRET_WS_DEBIAN 11-amd64 11-arm64 12-amd64 12-arm64 13-amd64 13-arm64

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

build() { # NUMBER ARCHITECTURE: sets `stage`
    local target=$processor-unknown-linux-gnu compiler
    compiler=$build_dir/debian/$1-$2-cc stage=$build_dir/debian/$1-$2
    mkdir -p "$stage"
    printf '#!/bin/sh\nexec %s-gcc --sysroot=%s "$@"\n' "$triplet" "$sysroot" >"$compiler"
    chmod +x "$compiler"
    local lower=${target//-/_}
    local upper=${lower^^}
    env "CARGO_TARGET_${upper}_LINKER=$compiler" "CC_$lower=$compiler" \
        "${upper}_OPENSSL_LIB_DIR=$sysroot/usr/lib/$triplet" "${upper}_OPENSSL_INCLUDE_DIR=$sysroot/usr/include" \
        "${upper}_OPENSSL_STATIC=0" "$root/packaging/dist/build.sh" "$target" "$stage"
}

fill() { # FILE [NAME=VALUE...]: prints a template of packaging/debian with these values
    local file=$1 setting program=()
    shift
    for setting in "VERSION=$deb_version" "ARCHITECTURE=$architecture" "MAINTAINER=$maintainer" "UPSTREAM=$version" "SUITE=$suite" \
        "DATE=$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")" "$@"; do
        program+=(-e "s|@${setting%%=*}@|$(sed 's/[&|\\]/\\&/g' <<<"${setting#*=}")|g")
    done
    sed "${program[@]}" "$recipes/$file"
}

finish() { # PACKAGE CONTROL [NAME=VALUE...]: makes the package of $trees/PACKAGE, and the file with the template CONTROL
    local package=$1 control=$2 tree=$trees/$1 doc
    shift 2
    doc=$tree/usr/share/doc/$package
    mkdir -p "$doc" "$tree/DEBIAN"
    cp "$recipes/copyright" "$doc/"
    cp "$root"/LICENSE-{MIT,APACHE} "$doc/"
    cp "$root/packaging/notices/linux.txt" "$doc/THIRD-PARTY-NOTICES.txt"
    fill changelog | gzip -9n >"$doc/changelog.Debian.gz"
    (cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    fill "$control" "SIZE=$(du -sk --apparent-size --exclude=DEBIAN "$tree" | cut -f1)" "$@" >"$tree/DEBIAN/control"
    find "$tree" -type d -exec chmod 755 {} +
    find "$tree" -type f -exec chmod u=rwX,go=rX {} +
    # xz: dpkg of Debian 11 does not read zstd.
    dpkg-deb --root-owner-group -Zxz --build "$tree" "$out" >/dev/null
    made "debian$number/${package}_${deb_version}_$architecture.deb"
}

symbols() { # PACKAGE FILE...: makes the debug files of the package
    local package=$1 id ids=() file
    shift
    for file; do
        id=$(readelf --notes "$stage/$file" | sed -n 's/ *Build ID: //p')
        [ -n "$id" ] || die "$file has no build ID"
        mkdir -p "$trees/$package-dbgsym/usr/lib/debug/.build-id/${id:0:2}"
        cp "$stage/debug/$file.debug" "$trees/$package-dbgsym/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
        ids+=("$id")
    done
    finish "$package-dbgsym" dbgsym.control "PACKAGE=$package" "BUILD_IDS=${ids[*]}"
}

for variant in "${chosen[@]}"; do
    number=${variant%-*} architecture=${variant#*-}
    debian_release "$number"
    debian_machine "$architecture"
    command -v "$triplet-gcc" >/dev/null || { echo "CANNOT: $architecture: no $triplet-gcc: apt-get install gcc-$triplet" && continue; }
    debian_sysroot "$number" "$architecture"
    build "$number" "$architecture"

    check=("$root/packaging/dist/check_elf.py" --machine "$machine" --glibc "$glibc" --needs "libssl.so.$openssl_version"
        --needs "libcrypto.so.$openssl_version" --needs libgcc_s.so.1)
    "${check[@]}" --exports "$root/include/egret_ws.h" "$stage/libegret_ws.so"
    "${check[@]}" "$stage/egret-ws-doctor" "$stage/egret-ws-echo"

    # The version of a package for this Debian release: an upgrade of Debian replaces the package. A beta is older than its release.
    deb_version=${version/-/\~}-1~deb${number}u1
    out=$dist/debian$number trees=$scratch/$variant
    mkdir -p "$out" "$trees"
    FEATURES="" LIBDIR=lib/$triplet NOTICES=$root/packaging/notices/linux.txt \
        "$root/packaging/install.sh" "$stage" /usr "$trees/libegret-ws-dev" >/dev/null
    dev=$trees/libegret-ws-dev/usr lib=$trees/libegret-ws0/usr/lib/$triplet tools=$trees/egret-ws-tools/usr
    mkdir -p "$lib" "$tools/share/doc/egret-ws-tools" "$trees"/{libegret-ws0,libegret-ws-dev}/DEBIAN
    mv "$dev/lib/$triplet/libegret_ws.so" "$lib/"
    chmod 644 "$lib/libegret_ws.so"
    mv "$dev/bin" "$tools/"
    mv "$dev"/share/doc/egret_ws/{doctor,echo-server}.md "$tools/share/doc/egret-ws-tools/"
    rm -r "$dev/share/doc/egret_ws" # `finish` adds the licences

    # The dependency for programs that use the library.
    {
        echo "libegret_ws.so libegret-ws0 #MINVER#"
        # check_elf.py has compared these symbols with the header.
        llvm nm --dynamic --defined-only --format=posix "$stage/libegret_ws.so" | cut -d' ' -f1 | LC_ALL=C sort |
            sed "s|.*| &@Base $version|"
    } >"$trees/libegret-ws0/DEBIAN/symbols"
    echo "activate-noawait ldconfig" >"$trees/libegret-ws0/DEBIAN/triggers"
    mkdir -p "$trees/libegret-ws0/usr/share/lintian/overrides"
    cp "$recipes/libegret-ws0.lintian-overrides" "$trees/libegret-ws0/usr/share/lintian/overrides/libegret-ws0"

    depends() { "$root/packaging/dist/debian/depends.py" --openssl "$openssl" "$@"; }
    finish libegret-ws0 libegret-ws0.control "DEPENDS=$(depends "$stage/libegret_ws.so")"
    finish libegret-ws-dev libegret-ws-dev.control "STATIC_NEEDS=${static_needs:+, $static_needs}"
    finish egret-ws-tools egret-ws-tools.control "DEPENDS=$(depends "$stage/egret-ws-doctor" "$stage/egret-ws-echo")"
    symbols libegret-ws0 libegret_ws.so
    symbols egret-ws-tools egret-ws-doctor egret-ws-echo
    rm -r "$trees"
done
