#!/bin/sh
# Installs Autobahn's test suite, ported to Python 3, into a virtual environment. Does nothing if it is installed already.
#
# usage: install.sh VENV        PYTHON=... chooses the Python; it must be 3.11 or newer
set -eu

die() {
    echo "install.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: install.sh VENV"
venv=$1
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

# The environment is current if the files that made it are unchanged.
stamp=$(cd "$here" && cat install.sh ./*.txt port3.py octets.py | cksum)
if [ "$(cat "$venv/stamp" 2>/dev/null)" = "$stamp" ] && "$venv/bin/python" -c 'import autobahntestsuite' 2>/dev/null; then
    exit 0
fi

"$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null ||
    die "$python is not Python 3.11 or newer with venv and pip." \
        "Install it (Debian: apt-get install python3 python3-venv), or set PYTHON to one that is."
[ ! -e "$venv" ] || [ -f "$venv/pyvenv.cfg" ] || die "$venv is there already and not a virtual environment"

echo "install.sh: installing Autobahn's test suite from PyPI"
"$python" -m venv --clear "$venv"
pip() {
    "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@" || die "pip failed; it has to reach PyPI"
}
# With isolation, pip would download build tools in any version that it finds.
pip install --no-deps --require-hashes -r "$here/build.txt"
pip install --no-deps --require-hashes --no-build-isolation -r "$here/requirements.txt"
pip download --no-deps --require-hashes --no-build-isolation --no-binary autobahntestsuite -d "$venv/sdist" -r "$here/testsuite.txt"
"$venv/bin/python" -W ignore "$here/port3.py" "$venv"/sdist/autobahntestsuite-*.tar.gz \
    "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
echo "$stamp" >"$venv/stamp"
