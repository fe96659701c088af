#!/bin/sh
# android.sh DIR: downloads android.jar (API 23) and dx.jar to DIR, if they are not there, and prints DIR.
#
# Both come from packages of Debian 11, which a newer Debian can unpack but not install. They are pinned by their hashes. Several tests
# may run this script at the same time.
set -eu

die() {
    echo "android.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: android.sh DIR"
mkdir -p "$1"
out=$(cd "$1" && pwd)/android-23

if [ ! -d "$out" ]; then
    for tool in apt-get dpkg-deb sha256sum; do
        command -v $tool >/dev/null || die "$tool is missing; this script needs Debian"
    done
    fresh=$(mktemp -d "$1/android.XXXXXX")
    fresh=$(cd "$fresh" && pwd)
    trap 'rm -rf "$fresh"' EXIT
    mkdir -p "$fresh/apt/lists/partial" "$fresh/apt/cache/archives/partial" "$fresh/out"
    # Use the mirror that this machine uses.
    mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' | awk '$1 == "Debian" { print $2; exit }')
    [ -n "$mirror" ] || die "apt knows no mirror of Debian; run apt-get update"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$fresh/apt/sources.list"
    # This private configuration does not change the machine's lists.
    set -- -qq -o Dir::State::lists="$fresh/apt/lists" -o Dir::Cache="$fresh/apt/cache" \
        -o Dir::Etc::sourcelist="$fresh/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root
    (cd "$fresh" && apt-get "$@" update && apt-get "$@" download libandroid-23-java dalvik-exchange) \
        >"$fresh/log" 2>&1 || die "cannot fetch libandroid-23-java and dalvik-exchange of Debian 11: $(cat "$fresh/log")"
    (cd "$fresh" && sha256sum --quiet --check) <<-SUMS || die "the packages do not have the pinned hashes"
	8fc128db7c27253d963eb9b33de79b197162a4749d2ba69019b2fd0664cbd7fe  dalvik-exchange_10.0.0+r36-1_all.deb
	8af1b6df556971dda0a6da3536ea526a838e0c363afcdd454213d8bce94793e3  libandroid-23-java_6.0.1+r72-6_all.deb
	SUMS
    for package in "$fresh"/*.deb; do dpkg-deb --extract "$package" "$fresh/root"; done
    cp "$fresh/root/usr/share/java/com.android.android-23.jar" "$fresh/out/android.jar"
    cp "$fresh/root/usr/share/java/com.android.dx-10.0.0.jar" "$fresh/out/dx.jar"
    # If another process was faster, the files exist already.
    mv -T "$fresh/out" "$out" 2>/dev/null || [ -d "$out" ] || die "cannot make $out"
fi
echo "$out"
