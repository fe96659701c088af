# Scripts source this file after common.sh. It lists the supported releases of Debian. Each line contains the number, the name, the
# version of glibc, OpenSSL's package, the version in the names of OpenSSL's libraries, and the packages that `pkg-config --static
# openssl` needs but libssl-dev does not depend on.
debian_releases='
11 bullseye 2.31 libssl1.1   1.1
12 bookworm 2.36 libssl3     3
13 trixie   2.41 libssl3t64  3    zlib1g-dev, libzstd-dev
'
debian_mirror=${EGRET_WS_DEBIAN_MIRROR:-http://deb.debian.org/debian}
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# debian_release NUMBER: sets `suite`, `glibc`, `openssl` (a package), `openssl_version` (of the libraries' names) and `static_needs`.
debian_release() {
    # shellcheck disable=SC2034 # for the scripts that source this file
    read -r _ suite glibc openssl openssl_version static_needs < <(grep "^$1 " <<<"$debian_releases") || die "no Debian $1 in releases.sh"
}

# debian_machine amd64|arm64: sets `machine` (as in other packages), `triplet` and `processor`.
debian_machine() {
    # shellcheck disable=SC2034
    case $1 in
    amd64) machine=x86_64 processor=x86_64 ;;
    arm64) machine=arm64 processor=aarch64 ;;
    *) die "no packages for $1: amd64 or arm64" ;;
    esac
    # shellcheck disable=SC2034
    triplet=$processor-linux-gnu
}

# debian_fetch NUMBER amd64|arm64 FOLDER PACKAGE...: unpacks packages of this Debian release in FOLDER, if they are not there. apt
# verifies them. The package list of this machine is not used, and nothing is installed.
debian_fetch() {
    local number=$1 architecture=$2 folder=$3 apt deb options
    shift 3
    debian_release "$number"
    [ ! -e "$folder/complete" ] || return 0
    rm -rf "$folder"
    apt=$folder/apt
    mkdir -p "$apt"/{etc/preferences.d,lists/partial,cache/archives/partial,debs}
    : >"$apt/status"
    echo "deb [signed-by=$debian_keyring] $debian_mirror $suite main" >"$apt/etc/sources.list"
    options=(-qq -o "Dir::Etc=$apt/etc" -o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status"
        -o "Dir::Cache=$apt/cache" -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update
    (cd "$apt/debs" && apt-get "${options[@]}" download "$@")
    for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$folder"; done
    rm -r "$apt"
    touch "$folder/complete"
}

# debian_sysroot NUMBER amd64|arm64: sets `sysroot` to a folder with the C library and OpenSSL of this Debian release, for the
# compiler of this machine.
debian_sysroot() {
    local folder link
    debian_release "$1"
    sysroot=$cache_dir/debian$1-$2
    [ ! -L "$sysroot/lib" ] || return 0
    debian_fetch "$1" "$2" "$sysroot" libc6 libc6-dev linux-libc-dev libgcc-s1 "$openssl" libssl-dev \
        zlib1g libzstd1 # OpenSSL needs these in Debian 13
    # Since Debian 12, /lib is a link. With this link the paths are equal in all releases.
    for folder in lib lib64; do
        mkdir -p "$sysroot/usr/$folder" "$sysroot/$folder"
        cp -a "$sysroot/$folder/." "$sysroot/usr/$folder/"
        rm -r "${sysroot:?}/$folder"
    done
    while read -r link; do ln -sfn "$sysroot$(readlink "$link")" "$link"; done < <(find "$sysroot" -lname '/*')
    ln -s usr/lib64 "$sysroot/lib64"
    ln -s usr/lib "$sysroot/lib"
}
