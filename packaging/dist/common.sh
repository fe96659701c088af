# Sourced by the scripts beside it, in bash: the version, how cargo is called for a target, and the tools of other projects.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build_dir=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}/dist")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
# Files in archives get the time of the commit, so that equal sources make equal archives.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)}
export SOURCE_DATE_EPOCH

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# Where the program cannot be built by the C compiler of this machine, zig's C compiler does it: it has the headers and the
# libraries of many systems. PyPI has it as a package.
python_tools() { # sets `tools`: a folder with the programs of requirements.txt, which are installed there if they are not yet
    local stamp
    tools=$build_dir/tools
    stamp=$(sha256sum <"$root/packaging/dist/requirements.txt")
    [ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$tools"
    mkdir -p "$build_dir"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "$root/packaging/dist/requirements.txt"
    echo "$stamp" >"$tools/stamp"
}

# Rust's library for TARGET comes with rustup. Where it does not, as with a Rust of Debian, it is compiled from its sources
# (package rust-web-src) with the same levels of optimisation.
choose_cargo() { # TARGET: sets `cargo`, a list of words, and `std`, options of it
    std=()
    if [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && [ -z "${EGRET_WS_BUILD_STD:-}" ]; then
        cargo=(cargo)
        return
    fi
    [ -x /usr/bin/cargo ] || die "no library of Rust for $1: rustup target add $1"
    cargo=(env RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo)
    std=(-Zbuild-std=std,panic_unwind)
    local crate
    for crate in core alloc std std_detect hashbrown memchr panic_unwind; do
        std+=(--config "profile.dist.package.$crate.opt-level=3")
    done
}

# reproducible_flags: sets `rustflags` (a list) and `cflags` (a string), which replace the paths of this machine in what is built.
# The last prefix that fits is taken. OpenSSL's sources are compiled below the folder of cargo's output.
reproducible_flags() { # uses what choose_cargo has set
    local home=${CARGO_HOME:-$HOME/.cargo} rustc=rustc
    [ ${#std[@]} -eq 0 ] || rustc=/usr/bin/rustc
    rustflags=(
        "--remap-path-prefix=$home=/cargo"
        "--remap-path-prefix=$root=/egret-ws"
        "--remap-path-prefix=$build_dir=/build"
        "--remap-path-prefix=$("$rustc" --print sysroot)/lib/rustlib/src/rust=/rustc/$("$rustc" -vV | sed -n 's/^commit-hash: //p')"
    )
    cflags="-ffile-prefix-map=$home=/cargo -ffile-prefix-map=$build_dir=/build"
}

# LLVM's tools read and write the files of each system. Debian has them with a version in the name.
llvm=22
llvm() { # TOOL ARGUMENT...
    local tool=llvm-$1
    shift
    ! command -v "$tool-$llvm" >/dev/null || tool=$tool-$llvm
    "$tool" "$@"
}
