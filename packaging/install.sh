#!/bin/sh
# install.sh LIBRARY_DIR PREFIX [DESTDIR]: installs the libraries from LIBRARY_DIR in PREFIX. Also installs the headers for C and
# C++, the files for pkg-config and CMake, the script and glue for JavaScript engines, the manual pages of the tools, and the
# tools if LIBRARY_DIR contains them. For packagers: the files are written to DESTDIR/PREFIX.
#
# Environment variables:
#   FEATURES       the feature arguments with which the library was built: empty, "--features=vendored" (see
#                  tests/tools/features.sh), or "--no-default-features" and its features
#   LIBDIR         the folder of libraries in PREFIX, such as lib64 or lib/x86_64-linux-gnu (default: lib)
#   RUSTFLAGS      if it contains "--cfg egret_ws_openssl", a library for Apple's systems was built with OpenSSL
#   RELOCATABLE=1  PREFIX can be moved: pkg-config finds the files relative to its own file, as CMake always does
#   NOTICES        the file with the licences of the linked parts (default: the file in packaging/notices for this system)
#   ONE_OBJECT=no  installs the static library of rustc, which cannot be linked together with another static Rust library
#                  (otherwise python3 and packaging/one_object.py make it one object)
set -eu
[ $# -eq 2 ] || [ $# -eq 3 ] || { echo "usage: install.sh LIBRARY_DIR PREFIX [DESTDIR]" >&2; exit 2; }
# Other users must be able to read the files that root installs.
umask 022
built=$(cd "$1" && pwd) prefix=$2
case ${3:-} in
"" | /*) to=${3:-}$2 ;;
*) to=$PWD/$3$2 ;;
esac
case $prefix in
/*) ;;
*) echo "install.sh: PREFIX is not an absolute path: $prefix" >&2; exit 2 ;;
esac
case $prefix in
*[\ \|\&\\]*) echo "install.sh: files of pkg-config cannot contain a path with a space, |, & or \\: $prefix" >&2; exit 2 ;;
esac
libdir=${LIBDIR:-lib}
case /$libdir/ in
*//* | */./* | */../* | *[\ \|\&\\]*)
    echo "install.sh: LIBDIR is not a plain path in PREFIX, such as lib64: $libdir" >&2
    exit 2
    ;;
esac
notices=${NOTICES:-}
case $notices in
"" | /*) ;;
*) notices=$PWD/$notices ;;
esac
cd "$(dirname "$0")/.."
if [ "${ONE_OBJECT:-}" != no ] && ! command -v python3 >/dev/null; then
    echo "install.sh: there is no python3 (3.9 or newer), which packaging/one_object.py needs; install it, or set ONE_OBJECT=no" >&2
    exit 1
fi

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
case " ${FEATURES:-} " in
*vendored*) tls=ON vendored=ON requires="" ;;
*--no-default-features*tls* | *tls*--no-default-features* | *keylog*) tls=ON vendored=OFF requires=openssl ;;
*--no-default-features*) tls=OFF vendored=OFF requires="" ;;
*) tls=ON vendored=OFF requires=openssl ;;
esac
# The name of the shared library shows the system that it was built for.
for shared in libegret_ws.dylib egret_ws.dll libegret_ws.so; do [ ! -f "$built/$shared" ] || break; done
for library in "$shared" libegret_ws.a; do
    [ -f "$built/$library" ] || { echo "install.sh: $built has no $library: build the library (make build)" >&2; exit 1; }
done
case $shared in
*.so)
    libs="-lpthread -ldl -lm" system=linux
    [ $vendored = OFF ] || system=linux-vendored
    ;;
*.dylib)
    requires="" libs="" system=apple
    [ $tls = OFF ] || libs="-framework Security -framework CoreFoundation"
    # build.rs makes an equal choice: OpenSSL in place of Secure Transport.
    case $vendored:${RUSTFLAGS:-} in
    ON:*egret_ws_openssl*) system=apple-vendored ;;
    OFF:*egret_ws_openssl*) [ $tls = OFF ] || requires=openssl ;;
    esac
    ;;
*.dll) requires="" libs="-lws2_32 -luserenv -lntdll -ldbghelp" system=windows ;;
esac
: "${notices:=packaging/notices/$system.txt}"
[ -f "$notices" ] || { echo "install.sh: no licences of what is linked: $notices" >&2; exit 1; }
# The relative path from the files of CMake and of pkg-config to PREFIX.
above_libdir=$(echo "$libdir" | sed 's|[^/][^/]*|..|g')
pc_prefix=$prefix
[ -z "${RELOCATABLE:-}" ] || pc_prefix="\${pcfiledir}/../$above_libdir"

put() { # MODE FILE DIRECTORY
    mkdir -p "$to/$3"
    install -m "$1" "$2" "$to/$3/"
}
fill() { # TEMPLATE DIRECTORY
    mkdir -p "$to/$2"
    name=$(basename "$1" .in)
    sed -e "s|@PREFIX@|$pc_prefix|; s|@LIBDIR@|$libdir|; s|@ABOVE_LIBDIR@|$above_libdir|; s|@VERSION@|$version|; s|@VENDORED@|$vendored|; s|@TLS@|$tls|" \
        -e "s|@REQUIRES_PRIVATE@|$requires|; s|@LIBS_PRIVATE@|$libs|" "$1" >"$to/$2/$name.new"
    chmod 644 "$to/$2/$name.new"
    mv "$to/$2/$name.new" "$to/$2/$name"
}

case $shared in
*.dll)
    put 755 "$built/$shared" bin
    put 644 "$built/libegret_ws.dll.a" "$libdir"
    # The import library of Visual Studio, if it was made, and the list of functions for other import libraries.
    for file in egret_ws.lib egret_ws.def; do [ ! -f "$built/$file" ] || put 644 "$built/$file" "$libdir"; done
    ;;
*) put 755 "$built/$shared" "$libdir" ;;
esac
mkdir -p "$to/$libdir"
if [ "${ONE_OBJECT:-}" = no ]; then
    put 644 "$built/libegret_ws.a" "$libdir"
else
    packaging/one_object.py "$built/libegret_ws.a" "$to/$libdir/libegret_ws.a"
    chmod 644 "$to/$libdir/libegret_ws.a"
fi
for tool in egret-ws-doctor egret-ws-echo; do
    case $shared in *.dll) tool=$tool.exe ;; esac
    if [ -f "$built/$tool" ]; then
        put 755 "$built/$tool" bin
    else
        echo "install.sh: $tool is not built, and not installed (make tools)" >&2
    fi
done
mkdir -p "$to/$libdir/egret_ws/static"
ln -sf ../../libegret_ws.a "$to/$libdir/egret_ws/static/libegret_ws.a"
put 644 include/egret_ws.h include
put 644 bindings/cpp/egret_ws.hpp include
for part in bindings/cpp/egret_ws/*.hpp; do put 644 "$part" include/egret_ws; done
fill packaging/egret_ws.pc.in "$libdir/pkgconfig"
fill packaging/egret_ws-shared.pc.in "$libdir/pkgconfig"
fill packaging/egret_ws-config.cmake.in "$libdir/cmake/egret_ws"
fill packaging/egret_ws-config-version.cmake.in "$libdir/cmake/egret_ws"
put 644 packaging/egret_ws-targets.cmake "$libdir/cmake/egret_ws"
# The files of the npm package: package.json lists them.
for file in $(cd bindings/js && sed -n '/"files"/,/]/s/^ *"\(.*\)",\{0,1\}$/\1/p' package.json |
    while read -r pattern; do ls $pattern 2>/dev/null || :; done) package.json README.md; do
    case $file in *.sh) mode=755 ;; *) mode=644 ;; esac
    put $mode "bindings/js/$file" "share/egret_ws/js/$(dirname "$file")"
done
for licence in LICENSE-MIT LICENSE-APACHE; do
    put 644 "$licence" share/doc/egret_ws
    put 644 "$licence" share/egret_ws/js # so that `npm pack` also works in the installed folder
done
install -m 644 "$notices" "$to/share/doc/egret_ws/THIRD-PARTY-NOTICES.txt"
for page in docs/doctor.md docs/echo-server.md; do put 644 "$page" share/doc/egret_ws; done
echo "installed egret_ws $version in $to"
