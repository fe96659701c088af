# The scripts in this folder source this file: it finds the tools of an NDK.

api=21 # minSdkVersion of the manifest

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# find_tools NDK ABI: sets `ndk`, `tools` (the directory of its programs), `target` (Rust's name of the ABI) and `clang`.
find_tools() {
    ndk=$(cd "$1" && pwd) || die "no directory $1"
    for tools in "$ndk"/toolchains/llvm/prebuilt/*/bin; do break; done
    [ -d "$tools" ] || die "no toolchains/llvm/prebuilt/*/bin in $ndk"
    case $2 in
    arm64-v8a) target=aarch64-linux-android triple=aarch64-linux-android ;;
    armeabi-v7a) target=armv7-linux-androideabi triple=armv7a-linux-androideabi ;;
    x86_64) target=x86_64-linux-android triple=x86_64-linux-android ;;
    *) die "unknown ABI: $2" ;;
    esac
    clang=$tools/$triple$api-clang
    [ -x "$clang" ] || die "no $clang"
}

# Devices with pages of 16 KiB load only libraries with this alignment. Android before 6 reads only the older table of symbols.
link_flags="-Wl,-z,max-page-size=16384 -Wl,-z,relro,-z,now -Wl,--hash-style=both -Wl,--build-id=sha1"
