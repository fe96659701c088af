#!/bin/sh
# features.sh: prints the features that cargo needs on this machine: `vendored`, that is OpenSSL built from its
# sources, where TLS is OpenSSL's and the system has none to link to. Looks where the crate openssl-sys looks.
set -eu
case $(uname -s) in Darwin | MINGW* | MSYS* | CYGWIN*) exit ;; esac
[ -z "${OPENSSL_DIR:-}${OPENSSL_LIB_DIR:-}" ] || exit 0
pkg-config --exists openssl 2>/dev/null || echo --features=vendored
