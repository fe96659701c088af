#!/bin/sh
# openssl_perl.sh ARGUMENT...: perl, for the crate openssl-src (OPENSSL_SRC_PERL). It makes OpenSSL from its sources without
# paths of this machine: the crate configures it with the folder of its output as the place of engines and providers, and
# OpenSSL records the command line of the compiler.
#
# It runs in a copy of OpenSSL's sources.
set -eu
die() {
    echo "openssl_perl.sh: $*" >&2
    exit 1
}
perl=${PERL:-perl}
case ${1:-} in
*Configure) ;;
*) exec "$perl" "$@" ;;
esac

# OPENSSL_CFLAGS without names of folders.
record=util/mkbuildinf.pl
# shellcheck disable=SC2016 # perl's variables
sed -i 's|^my $cflags = join.*|my $cflags = join(" ", grep { !m{/} } map { m{^-} ? $_ : s{.*/}{}r } map { split } @ARGV);|' $record
grep -q 'grep { !m{/} }' $record || die "$record of this OpenSSL is not as expected"
"$perl" "$@"

# Nothing is loaded from this folder, because there are no engines and providers in files. It is the folder of OpenSSL's
# configuration.
directory=$(sed -n 's|^OPENSSLDIR=||p' Makefile)
case $directory in
/*) ;;
*) die "the Makefile of this OpenSSL has OPENSSLDIR=$directory" ;;
esac
sed -i "s|^ENGINESDIR=.*|ENGINESDIR=$directory/engines|; s|^MODULESDIR=.*|MODULESDIR=$directory/modules|" Makefile
[ "$(grep -c "^[EM][A-Z]*DIR=$directory/" Makefile)" -eq 2 ] || die "the Makefile of this OpenSSL is not as expected"
