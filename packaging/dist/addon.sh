# Scripts source this file after common.sh. It builds a shared library that contains libegret_ws.a, for a virtual machine to load.
. "$root/packaging/dist/zig.sh"

# linux_library ARCH: sets `library` to the static library for glibc 2.17, which contains OpenSSL and debug information, and `cc`
# to the compiler that links it.
linux_library() {
    local processor=$1
    [ "$1" != arm64 ] || processor=aarch64
    linux_stage gnu "$1"
    library=$stage/debug/libegret_ws.a
    (zig_toolchain "$processor-unknown-linux-gnu" "$processor-linux-gnu.2.17") # a subshell, because the variables are only for this target
    cc=$build_dir/zig/$processor-linux-gnu.2.17/cc
}

# exports_of_addon FILE NAME...: writes a version script with which the linker exports only these functions. Functions of the
# library and of OpenSSL are not exported, because the process may contain other versions of them.
exports_of_addon() {
    local file=$1
    shift
    echo "{ global: $(printf '%s; ' "$@")local: *; };" >"$file"
}

# The library is never unloaded: a look-up that hangs in the system's resolver cannot be ended, so its code must stay. See build.rs.
# zig's libunwind is linked into the library, because the process may have none.
addon_link_flags=(-Wl,-z,relro,-z,now -Wl,-z,nodelete -Wl,--build-id=sha1 -lunwind)
