#!/bin/sh
# openssl_perl.sh ARGUMENT...: replaces perl for the crate openssl-src (OPENSSL_SRC_PERL), so that OpenSSL contains no paths of this
# machine. Without it there are such paths: the crate passes its output folder as the folder of engines and providers, and OpenSSL
# records the command line of the compiler.
#
# The script runs in a copy of OpenSSL's sources.
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

# Remove the names of folders from OPENSSL_CFLAGS.
record=util/mkbuildinf.pl
# shellcheck disable=SC2016 # perl's variables
sed -i 's|^my $cflags = join.*|my $cflags = join(" ", grep { !m{/} } map { m{^-} ? $_ : s{.*/}{}r } map { split } @ARGV);|' $record
grep -q 'grep { !m{/} }' $record || die "$record of this OpenSSL is not as expected"
"$perl" "$@"

# Nothing is loaded from this folder, because no engines or providers are in files. It is the folder of OpenSSL's configuration.
directory=$(sed -n 's|^OPENSSLDIR=||p' Makefile)
case $directory in
/*) ;;
*) die "the Makefile of this OpenSSL has OPENSSLDIR=$directory" ;;
esac
sed -i "s|^ENGINESDIR=.*|ENGINESDIR=$directory/engines|; s|^MODULESDIR=.*|MODULESDIR=$directory/modules|" Makefile
[ "$(grep -c "^[EM][A-Z]*DIR=$directory/" Makefile)" -eq 2 ] || die "the Makefile of this OpenSSL is not as expected"
