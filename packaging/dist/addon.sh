# Scripts source this file after common.sh. It links a library that contains libegret_ws.a and that a virtual machine loads.
. "$root/packaging/dist/zig.sh"

# linux_library ARCH: sets `library`, the static library for glibc 2.17 with OpenSSL inside and with its debug information, and
# `cc`, the compiler that links it.
linux_library() {
    local processor=$1
    [ "$1" != arm64 ] || processor=aarch64
    linux_stage gnu "$1"
    library=$stage/debug/libegret_ws.a
    (zig_toolchain "$processor-unknown-linux-gnu" "$processor-linux-gnu.2.17") # its variables are not for the other targets
    cc=$build_dir/zig/$processor-linux-gnu.2.17/cc
}

# exports_of_addon FILE NAME...: writes a version script for the linker that exports only these functions, and not those of the
# library and of OpenSSL, because the process may contain other versions of these.
exports_of_addon() {
    local file=$1
    shift
    echo "{ global: $(printf '%s; ' "$@")local: *; };" >"$file"
}

# The library is never unloaded: a look-up that hangs in the system's resolver cannot be ended, so its code must stay (see
# build.rs). zig's libunwind is linked, because the process may have none.
addon_link_flags=(-Wl,-z,relro,-z,now -Wl,-z,nodelete -Wl,--build-id=sha1 -lunwind)
