# Scripts source this file after common.sh, to use zig as the C compiler and the linker of one of Rust's targets. zig has the
# headers of glibc and of musl, and links for any version of glibc.

# zig_toolchain TARGET ZIG_TARGET: exports the variables with which cargo and the crate cc use zig for Rust's target TARGET.
# ZIG_TARGET is zig's name of it, with the version of glibc: x86_64-linux-gnu.2.17.
zig_toolchain() {
    local target=$1 zig_target=$2 folder
    python_tools
    folder=$build_dir/zig/$zig_target
    mkdir -p "$folder"
    # As a linker, `cargo-zigbuild zig cc` is called, which replaces the arguments of rustc that zig does not know. To compile, zig
    # itself is called, because that is much faster. The crate cc names the target as Rust does, which zig does not know either.
    local zig
    zig=$(echo "$tools"/lib/python3*/site-packages/ziglang/zig)
    local objcopy
    objcopy=$(command -v "llvm-objcopy-$llvm" || command -v llvm-objcopy) || cannot "llvm-objcopy is missing (Debian: llvm-$llvm)"
    [ -x "$zig" ] || die "no zig in $tools: remove that folder, and try again"
    cat >"$folder/cc.new" <<END
#!/usr/bin/env bash
arguments=() links=1 compiler=('$tools/bin/cargo-zigbuild' zig cc --)
for argument in "\$@"; do
    case \$argument in --target=*) continue ;; -c | -E | -S) links="" compiler=('$zig' cc) ;; esac
    arguments+=("\$argument")
done
export CARGO_ZIGBUILD_ZIG_PATH='$zig' ZIG_GLOBAL_CACHE_DIR='$cache_dir/zig'
"\${compiler[@]}" -target $zig_target "\${arguments[@]}" || exit
[ -n "\$links" ] || exit 0
# zig compiles the objects that it adds to each program, such as crt1.o, only once. Their debug information names zig's folder
# and the working folder. It is removed, and if there was any, the program is linked again.
again=""
while read -r file; do
    '$objcopy' --strip-debug "\$file" && touch "\$file.stripped" && again=1
done < <(find "\$ZIG_GLOBAL_CACHE_DIR/o" -type f \\( -name '*crt[1in].o' -o -name 'lib*.a' \\) -exec sh -c '[ -e "\$1.stripped" ] || echo "\$1"' - {} \\;)
[ -z "\$again" ] || exec "\${compiler[@]}" -target $zig_target "\${arguments[@]}"
END
    chmod +x "$folder/cc.new"
    mv "$folder/cc.new" "$folder/cc" # because another part may be running the old one
    local lower=${target//-/_}
    local upper=${lower^^}
    export "CARGO_TARGET_${upper}_LINKER=$folder/cc" "CC_$lower=$folder/cc"
    export "AR_$lower=$(command -v "llvm-ar-$llvm" || command -v llvm-ar || command -v ar)"
    export "RANLIB_$lower=$(command -v "llvm-ranlib-$llvm" || command -v llvm-ranlib || command -v ranlib)"
}
