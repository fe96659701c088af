# The scripts in this folder source this file, in bash. It provides the version, the call of cargo for a target, and the tools of
# other projects.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
# EGRET_WS_DIST_QUICK=1 builds without optimisation, to test the packaging in seconds instead of minutes. These files have separate
# folders, so that they are never mixed with the files of a release.
quick=""
[ -z "${EGRET_WS_DIST_QUICK:-}" ] || quick=-quick
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
# The path is absolute, because scripts change the folder. The tests of packages also use the variable.
[ -z "${CARGO_TARGET_DIR:-}" ] || export CARGO_TARGET_DIR=$target_dir
build_dir=$target_dir/dist$quick  # the files that are built from these sources
cache_dir=$target_dir/dist-cache  # files that are fetched or do not depend on these sources
dist_dir=$root/dist$quick         # the packages

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# Returns whether this is a git checkout. Sources that were unpacked in a folder of another checkout are not one.
is_checkout() {
    local prefix
    prefix=$(git -C "$root" rev-parse --verify --quiet HEAD >/dev/null 2>&1 && git -C "$root" rev-parse --show-prefix 2>/dev/null) &&
        [ -z "$prefix" ]
}

# The files in archives get the time of the commit, so that equal sources make equal archives.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=315532800
    ! is_checkout || SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
fi
export SOURCE_DATE_EPOCH

# cannot REASON: ends a part that this machine cannot build, because a tool or an SDK is missing. The reason says what is missing
# and what to do.
cannot() {
    echo "CANNOT: $*"
    exit 3
}

# choose_variants VARIABLE VARIANT...: sets `chosen` to the variants that the variable of the environment lists, or to all of
# them. Reports the others as not built.
choose_variants() {
    local variable=$1 variant
    shift
    read -r -a chosen <<<"${!variable:-$*}"
    for variant; do
        [[ " ${chosen[*]} " == *" $variant "* ]] || echo "CANNOT: $variant: $variable leaves it out"
    done
}

# A part calls this function for each file that it has made, with the name in DIST.
made() { # NAME...
    local name
    for name; do echo "dist: $name"; done
}

# pack OUT FOLDER: see archive.py.
pack() {
    "$root/packaging/dist/archive.py" "$@"
}

# Recipes refer to the files of the release as release_url/FILE. The person who makes the release sets it. Without it only this
# address is missing in the recipes, and they cannot download the sources.
release_url=${EGRET_WS_RELEASE_URL:-https://egret-ws.invalid/releases/$version}
release_url=${release_url%/}
# Recipes are programs, so the address may contain no character that is special in a program.
[[ $release_url =~ ^(https?|file)://[A-Za-z0-9._~:/@%+=,-]+$ ]] ||
    die "EGRET_WS_RELEASE_URL is not a plain address, such as https://example.org/egret-ws/$version: $release_url"

# If the C compiler of this machine cannot build for a target, zig's C compiler is used: it contains the headers and the libraries
# of many systems. It is a package of PyPI.
python_tools() { # sets `tools`: a folder with the programs of requirements.txt, which are installed there if they are not yet
    local stamp
    tools=$cache_dir/tools
    stamp=$(sha256sum <"$root/packaging/dist/requirements.txt")
    [ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$tools"
    mkdir -p "$cache_dir"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "$root/packaging/dist/requirements.txt"
    echo "$stamp" >"$tools/stamp"
}

# rustup provides Rust's library for TARGET. If it does not, as with the Rust of Debian, the library is compiled from its sources
# (package rust-web-src) with the same optimisation levels.
choose_cargo() { # TARGET: sets `cargo`, a list of words, and `std`, options of it
    std=()
    if [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && [ -z "${EGRET_WS_BUILD_STD:-}" ]; then
        cargo=(cargo)
        return
    fi
    [ -x /usr/bin/cargo ] || cannot "no library of Rust for $1: rustup target add $1"
    cargo=(env RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo)
    std=(-Zbuild-std=std,panic_unwind)
    [ -z "$quick" ] || return 0
    local crate
    for crate in core alloc std std_detect hashbrown memchr panic_unwind; do
        std+=(--config "profile.dist.package.$crate.opt-level=3")
    done
}

# profile_options: sets `profile` to the options of cargo for the files of a release.
profile_options() {
    profile=(--locked --profile dist)
    [ -n "$quick" ] || return 0
    local name
    profile+=(--config profile.dist.opt-level=0)
    case $target in
    *-apple-*) ;; # one_object.py needs link-time optimisation there
    *) profile+=(--config 'profile.dist.lto="off"' --config profile.dist.codegen-units=256) ;;
    esac
    for name in $(sed -n 's/^\[profile\.release\.package\.\(.*\)\]/\1/p' "$root/Cargo.toml"); do
        profile+=(--config "profile.dist.package.$name.opt-level=0")
    done
}

# reproducible_flags: sets `rustflags` (a list) and `cflags` (a string), which replace the paths of this machine in the built
# files. The last prefix that matches is used. OpenSSL's sources are compiled below the folder of cargo's output.
reproducible_flags() { # uses the variables of choose_cargo
    local home=${CARGO_HOME:-$HOME/.cargo} rustc=rustc
    [ ${#std[@]} -eq 0 ] || rustc=/usr/bin/rustc
    rustflags=(
        "--remap-path-prefix=$home=/cargo"
        "--remap-path-prefix=$root=/egret-ws"
        "--remap-path-prefix=$build_dir=/build"
        "--remap-path-prefix=$("$rustc" --print sysroot)/lib/rustlib/src/rust=/rustc/$("$rustc" -vV | sed -n 's/^commit-hash: //p')"
    )
    cflags="-ffile-prefix-map=$home=/cargo -ffile-prefix-map=$build_dir=/build -ffile-prefix-map=$cache_dir=/cache"
    # A list of words, because OpenSSL cannot be built in a folder with a space.
    [[ $home$build_dir != *\ * ]] || cflags=""
    export OPENSSL_SRC_PERL=$root/packaging/dist/openssl_perl.sh
}

# LLVM's tools read and write the files of each system. In Debian their names contain a version.
llvm=22
llvm() { # TOOL ARGUMENT...
    local tool=llvm-$1
    shift
    ! command -v "$tool-$llvm" >/dev/null || tool=$tool-$llvm
    "$tool" "$@"
}

# split_debug FILE OUT DEBUG_DIR: copies the ELF or Windows file FILE without symbols to OUT, an absolute path, and puts the debug
# file OUT.debug for crash reports into DEBUG_DIR. Debuggers find the debug file by its name in OUT, and on Linux by the build ID
# of both files.
split_debug() {
    local debug
    debug=$(basename "$2").debug
    mkdir -p "$3" "$(dirname "$2")"
    llvm objcopy --only-keep-debug "$1" "$3/$debug"
    chmod 644 "$3/$debug"
    (cd "$3" && llvm objcopy --strip-all --add-gnu-debuglink="$debug" "$1" "$2")
}

# linux_stage gnu|musl x86_64|arm64: sets `stage` to a folder with the library for Linux that linux/build.sh makes: for glibc 2.17
# or for musl, with OpenSSL inside. The library is built if it is missing or out of date.
linux_stage() {
    stage=$build_dir/linux-$1-$2
    "$root/packaging/dist/linux/build.sh" "$1" "$2" "$stage"
}
