#!/bin/sh
# features.sh [small]: prints the features that cargo needs on this machine. If TLS uses OpenSSL and the system has no OpenSSL to link
# to, that is `vendored`: OpenSSL is built from its sources. The script looks for it in the places where the crate openssl-sys looks.
#
# small: the features for `--no-default-features`. The library stays without TLS, and only the servers of tests get that OpenSSL.
set -eu
case $(uname -s) in Darwin | MINGW* | MSYS* | CYGWIN*) exit ;; esac
[ -z "${OPENSSL_DIR:-}${OPENSSL_LIB_DIR:-}" ] || exit 0
case ${1:-} in small) vendored=test-support/vendored ;; *) vendored=vendored ;; esac
pkg-config --exists openssl 2>/dev/null || echo "--features=$vendored"
