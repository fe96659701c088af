# Scripts source this file after common.sh. It sets up zig as the C compiler and the linker of a Rust target. zig contains the
# headers of glibc and of musl, and can link for every version of glibc.

# zig_toolchain TARGET ZIG_TARGET: exports the variables with which cargo and the crate cc use zig for Rust's target TARGET.
# ZIG_TARGET is zig's name of the target, with the version of glibc: x86_64-linux-gnu.2.17.
zig_toolchain() {
    local target=$1 zig_target=$2 folder
    python_tools
    folder=$build_dir/zig/$zig_target
    mkdir -p "$folder"
    # The linker is `cargo-zigbuild zig cc`, which replaces the arguments of rustc that zig does not know. The compiler is zig
    # itself, which is much faster. The crate cc passes Rust's name of the target, which zig also does not know.
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
# zig compiles the objects that it adds to each program, such as crt1.o, only once. Their debug information contains zig's folder
# and the working folder. It is removed. If there was any, the program is linked again.
again=""
while read -r file; do
    '$objcopy' --strip-debug "\$file" && touch "\$file.stripped" && again=1
done < <(find "\$ZIG_GLOBAL_CACHE_DIR/o" -type f \\( -name '*crt[1in].o' -o -name 'lib*.a' \\) -exec sh -c '[ -e "\$1.stripped" ] || echo "\$1"' - {} \\;)
[ -z "\$again" ] || exec "\${compiler[@]}" -target $zig_target "\${arguments[@]}"
END
    chmod +x "$folder/cc.new"
    mv "$folder/cc.new" "$folder/cc" # another part may be running the old file
    local lower=${target//-/_}
    local upper=${lower^^}
    export "CARGO_TARGET_${upper}_LINKER=$folder/cc" "CC_$lower=$folder/cc"
    export "AR_$lower=$(command -v "llvm-ar-$llvm" || command -v llvm-ar || command -v ar)"
    export "RANLIB_$lower=$(command -v "llvm-ranlib-$llvm" || command -v llvm-ranlib || command -v ranlib)"
}
