#!/bin/sh
# v8.sh DIR: prints the compiler and linker flags for Debian's V8, which is in libnode-dev, and downloads the package to DIR if it
# is not installed.
#
# The package is unpacked and not installed, because it conflicts with other packages of Node. apt checks the signatures. Several
# tests may run this script at the same time.
set -eu

die() {
    echo "v8.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: v8.sh DIR"

is_installed() {
    dpkg-query --show --showformat '${Status}\n' "$1" 2>/dev/null | grep '^install ok installed$' >/dev/null
}

# Print the libraries that a package needs and that are not installed.
missing_libraries() {
    apt-cache depends --important "$1" | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p' | while read -r library; do
        is_installed "$library" || echo "$library"
    done
}

if is_installed libnode-dev; then
    root=/
else
    root=$1/libnode
    if [ ! -d "$root" ]; then
        for tool in apt-get apt-cache dpkg; do
            command -v $tool >/dev/null || die "$tool is missing: this script needs Debian, or an installed libnode-dev"
        done
        mkdir -p "$1"
        fresh=$(mktemp -d "$1/libnode.XXXXXX")
        trap 'rm -rf "$fresh"' EXIT
        library_package() { apt-cache depends libnode-dev 2>/dev/null | sed -n 's/^ *Depends: \(libnode[0-9]*\)$/\1/p'; }
        libnode=$(library_package)
        if [ -z "$libnode" ] && [ "$(id -u)" -eq 0 ]; then
            apt-get update -qq || die "apt-get update failed"
            libnode=$(library_package)
        fi
        [ -n "$libnode" ] || die "apt knows no libnode-dev; run apt-get update"
        # shellcheck disable=SC2046 # names of packages
        (cd "$fresh" && apt-get download -qq -o APT::Sandbox::User=root libnode-dev "$libnode" $(missing_libraries "$libnode") >log 2>&1) ||
            die "apt-get download failed: $(cat "$fresh/log")"
        for package in "$fresh"/*.deb; do dpkg -x "$package" "$fresh/root"; done
        # If another process was faster, the directory exists already, with the same files.
        mv -T "$fresh/root" "$root" 2>/dev/null || [ -d "$root" ] || die "cannot make $root"
    fi
    root=$(cd "$root" && pwd)
fi
library=$(find "${root%/}/usr/lib" -name libnode.so -printf '%h\n' | head -1)
[ -n "$library" ] || die "libnode.so is missing in $root"
# Only the old kind of rpath finds the libraries that libnode.so itself needs.
echo "-isystem ${root%/}/usr/include/node -L$library -lnode -Wl,--disable-new-dtags,-rpath,$library -pthread"
