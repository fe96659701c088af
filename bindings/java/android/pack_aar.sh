#!/bin/sh
# pack_aar.sh CLASSES.jar JNI_DIR OUT.aar: packs classes and JNI_DIR/ABI/*.so into an AAR, and checks the libraries' alignment.
#
# READELF is the readelf to use.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "pack_aar.sh: $*" >&2
    exit 1
}

[ $# -eq 3 ] || die "usage: pack_aar.sh CLASSES.jar JNI_DIR OUT.aar"
for library in "$2"/*/*.so; do
    [ -f "$library" ] || die "no libraries in $2"
    # 32-bit devices always have pages of 4 KiB.
    case $library in */armeabi-v7a/*) continue ;; esac
    alignments=$("${READELF:-readelf}" -lW "$library" | awk '$1 == "LOAD" { print $NF }')
    [ -n "$alignments" ] || die "$library has nothing to load"
    for alignment in $alignments; do
        [ $((alignment)) -ge 16384 ] || die "$library is aligned to $alignment, less than a page of 16 KiB (0x4000)"
    done
done

parts=$(mktemp -d)
trap 'rm -r "$parts"' EXIT
cp "$here/AndroidManifest.xml" "$here/proguard.txt" "$parts"
cp "$1" "$parts/classes.jar"
cp -r "$2" "$parts/jni"
: >"$parts/R.txt" # an AAR must have this file, also without resources
jar --create --no-manifest --file "$3" -C "$parts" .
