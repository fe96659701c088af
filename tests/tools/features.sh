#!/bin/sh
# features.sh [small]: prints the features that cargo needs on this machine: `vendored`, that is OpenSSL built from its
# sources, where TLS is OpenSSL's and the system has none to link to. Looks where the crate openssl-sys looks.
#
# small: those for `--no-default-features`. The library is to stay without TLS, and only the servers of tests get that OpenSSL.
set -eu
case $(uname -s) in Darwin | MINGW* | MSYS* | CYGWIN*) exit ;; esac
[ -z "${OPENSSL_DIR:-}${OPENSSL_LIB_DIR:-}" ] || exit 0
case ${1:-} in small) vendored=test-support/vendored ;; *) vendored=vendored ;; esac
pkg-config --exists openssl 2>/dev/null || echo "--features=$vendored"
