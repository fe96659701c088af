#!/usr/bin/env bash
# recipes.sh DIST: builds the library with the recipes for Conan and vcpkg, and uses the results. Homebrew's recipe is only read.
#
# The real Conan comes from PyPI. No registry of packages contains vcpkg, so recipes/vcpkg.cmake replaces it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
here=$root/tests/dist/recipes
sources=$(artefact "egret-ws-$version.tar.gz")
for name in vcpkg conan; do unzip -q "$(artefact "egret-ws-$version-$name.zip")" -d "$work"; done

# Each recipe must name these sources.
grep -q "$(sha256sum <"$sources" | cut -d' ' -f1)" "$(artefact egret-ws.rb)" || die "egret-ws.rb does not contain the hash of the sources"
for file in "$work/egret-ws-$version-vcpkg/egret-ws/portfile.cmake" "$work/egret-ws-$version-conan/conandata.yml" "$dist/egret-ws.rb"; do
    grep -q "/egret-ws-$version.tar.gz" "$file" || die "$file does not name egret-ws-$version.tar.gz"
    ! grep -E '@[A-Z0-9]+@' "$file" || die "$file contains an unreplaced placeholder"
done
python3 -m json.tool "$work/egret-ws-$version-vcpkg/egret-ws/vcpkg.json" >/dev/null || die "vcpkg.json is not JSON"
if command -v ruby >/dev/null; then
    ruby -c "$dist/egret-ws.rb" >/dev/null || die "egret-ws.rb is not Ruby"
    ok "Homebrew: the formula is valid Ruby and contains the hash of the sources"
else
    echo "CANNOT: Homebrew: ruby is missing"
fi

start_echo
ws=$url
start_echo --tls
wss=$url
says_hello="received: Hello Egret WebSocket"
# Compile without optimisation, which takes a quarter of the time.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16

# vcpkg: build the package for each linkage, then a program with CMake and a program with pkg-config.
cp -R "$root/packaging/conan/test_package" "$work/program"
for linkage in static dynamic; do
    folder=$work/vcpkg-$linkage
    mkdir -p "$folder/installed"
    for part in include lib; do ln -s "/usr/$part" "$folder/installed/$part"; done
    # The installed OpenSSL is the OpenSSL of this machine, which pkg-config finds.
    sed 's|^    set(ENV{OPENSSL_DIR}.*||; s|^        set(ENV{OPENSSL_STATIC} 1)||; s|^        set(VENDORED ON)|        set(REQUIRES_PRIVATE openssl)|' \
        "$work/egret-ws-$version-vcpkg/egret-ws/portfile.cmake" >"$folder/portfile.cmake"
    cp "$work/egret-ws-$version-vcpkg/egret-ws/usage" "$folder/"
    cmake -DPORT_FILE="$folder/portfile.cmake" -DTRIPLET=x64-linux -DLINKAGE=$linkage -DARCHIVES="$dist" -DROOT="$folder" \
        -P "$here/vcpkg.cmake" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2 && die "vcpkg's port fails ($linkage)"; }
    installed=$folder/packages/egret-ws
    cmake -S "$work/program" -B "$folder/program" -DCMAKE_PREFIX_PATH="$installed" >"$work/log" 2>&1 &&
        cmake --build "$folder/program" >>"$work/log" 2>&1 || { cat "$work/log" >&2 && die "the program that CMake builds fails ($linkage)"; }
    expect "$says_hello" "$folder/program/hello" "$ws"
    expect "$says_hello" "$folder/program/hello" "$wss" "$ca"
    static=""
    [ $linkage = dynamic ] || static=--static
    # shellcheck disable=SC2046 # lists of words
    "${CC:-cc}" "$work/program/hello.c" -o "$folder/hello" \
        $(PKG_CONFIG_PATH=$installed/lib/pkgconfig pkg-config $static --cflags --libs egret_ws) -Wl,-rpath,"$installed/lib"
    expect "$says_hello" "$folder/hello" "$ws"
    ok "vcpkg (replaced by recipes/vcpkg.cmake), $linkage: CMake: ws, wss; pkg-config: ws"
done
sed 's/SHA512 [0-9a-f]/SHA512 x/' "$folder/portfile.cmake" >"$folder/wrong.cmake"
! cmake -DPORT_FILE="$folder/wrong.cmake" -DTRIPLET=x64-linux -DLINKAGE=static -DARCHIVES="$dist" -DROOT="$folder/wrong" \
    -P "$here/vcpkg.cmake" >/dev/null 2>&1 || die "the port accepts sources with a wrong hash"

# Conan.
conan=$cache_dir/conan
if [ "$(cat "$conan/stamp" 2>/dev/null)" != "$(sha256sum <"$here/requirements.txt")" ]; then
    rm -rf "$conan"
    python3 -m venv "$conan"
    "$conan/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$here/requirements.txt"
    sha256sum <"$here/requirements.txt" >"$conan/stamp"
fi
export CONAN_HOME=$work/conan-home EGRET_WS_TEST_URL=$wss EGRET_WS_TEST_ROOTS=$ca
recipe=$work/egret-ws-$version-conan
sed -i "s|url: .*|url: \"file://$sources\"|" "$recipe/conandata.yml"
"$conan/bin/conan" profile detect >/dev/null 2>&1
create() { # TEXT OPTION...
    local text=$1
    shift
    "$conan/bin/conan" create "$recipe" --version "$version" -s build_type=Debug "$@" >"$work/log" 2>&1 ||
        { tail -n 40 "$work/log" >&2 && die "conan create $* fails"; }
    grep -qF "$text" "$work/log" || { tail -n 40 "$work/log" >&2 && die "the program of conan create $* does not print $text"; }
}
for shared in False True; do
    create "$says_hello" -o "egret-ws/*:openssl=system" -o "egret-ws/*:shared=$shared"
    ok "Conan, shared=$shared: wss"
done
export EGRET_WS_TEST_URL=$ws
create "$says_hello" -o "egret-ws/*:tls=False"
ok "Conan, without TLS: ws"
