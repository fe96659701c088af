# Sourced after common.sh: a library that contains libegret_ws.a, and by which a virtual machine loads it.
. "$root/packaging/dist/zig.sh"

# linux_library ARCH: sets `library`, the static library for glibc 2.17 with OpenSSL inside and with its debug information, and `cc`, the
# compiler that links it.
linux_library() {
    local processor=$1
    [ "$1" != arm64 ] || processor=aarch64
    linux_stage gnu "$1"
    library=$stage/debug/libegret_ws.a
    (zig_toolchain "$processor-unknown-linux-gnu" "$processor-linux-gnu.2.17") # its variables are not for the other targets
    cc=$build_dir/zig/$processor-linux-gnu.2.17/cc
}

# exports_of_addon FILE NAME...: writes the version script by which the linker exports these functions and nothing else: neither those
# of the library nor those of OpenSSL, of which the process may have others.
exports_of_addon() {
    local file=$1
    shift
    echo "{ global: $(printf '%s; ' "$@")local: *; };" >"$file"
}

# Not unloaded: a look-up that hangs in the system's resolver cannot be ended, so its code must stay. See build.rs. zig's libunwind is
# linked in: the process may have none.
addon_link_flags=(-Wl,-z,relro,-z,now -Wl,-z,nodelete -Wl,--build-id=sha1 -lunwind)
