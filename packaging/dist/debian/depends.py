#!/usr/bin/env python3
"""depends.py --openssl PACKAGE FILE...: prints the field Depends of a Debian package with these programs and libraries.

The required version of each library is the version of its newest needed symbol. For these few libraries the result is equal to the
result of dpkg-shlibdeps, which would need an installed Debian of each release.
"""
import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import check_elf  # noqa: E402

PACKAGES = {'libc.so.6': 'libc6', 'libm.so.6': 'libc6', 'libpthread.so.0': 'libc6', 'libdl.so.2': 'libc6', 'librt.so.1': 'libc6',
            'ld-linux-x86-64.so.2': 'libc6', 'ld-linux-aarch64.so.1': 'libc6', 'libgcc_s.so.1': 'libgcc-s1'}


def version(symbol_version):
    """Returns the version of the library that introduced this version of symbols: GLIBC_2.17, GCC_4.2.0, OPENSSL_1_1_1, OPENSSL_3.0.0."""
    match = re.fullmatch(r'(GLIBC|GCC|OPENSSL)_([0-9._]+)', symbol_version)
    if not match:
        sys.exit(f'depends.py: unknown version of a symbol: {symbol_version}')
    found = check_elf.number(match[2].replace('_', '.'))
    return found[:2] if match[1] == 'GCC' and found[2:] == (0,) else found  # Debian writes 4.2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--openssl', required=True, metavar='PACKAGE')
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()
    oldest = {}
    for path in options.files:
        file = check_elf.Elf(path)
        needed = file.strings(check_elf.check_so.DT_NEEDED)
        for library in needed:
            package = options.openssl if re.match(r'lib(ssl|crypto)\.so', library) else PACKAGES.get(library)
            if not package:
                sys.exit(f'depends.py: {path} needs {library}, and no package for it is known')
            found = [version(v) for v in file.versions().get(library, ())]
            oldest[package] = max([oldest.get(package, ()), *found])
    print(', '.join(f'{package} (>= {".".join(map(str, number))})' if number else package for package, number in sorted(oldest.items())))


if __name__ == '__main__':
    main()
