#!/bin/sh
# mdbook.sh DIR: builds mdBook in DIR, if it is not there (some minutes), and prints the path of the program.
#
# mdBook's Cargo.lock pins its dependencies. The style of the site depends on files and classes that may differ in another version.
set -eu

[ $# -eq 1 ] || { echo "usage: mdbook.sh DIR" >&2 && exit 1; }
version=0.5.4
root=$1/mdbook-$version
if [ ! -x "$root/bin/mdbook" ]; then
    echo "Building mdBook $version (minutes the first time) ..." >&2
    # Use a separate folder, so that the cargo options of the project do not apply.
    mkdir -p "$root"
    root=$(cd "$root" && pwd)
    (cd "$root" && cargo install --quiet --locked mdbook --version "=$version" --root "$root" --target-dir "$root/build" >&2)
    rm -rf "$root/build"
fi
echo "$root/bin/mdbook"
