#!/usr/bin/env python3
"""licences.py DIST: fails if a licence is missing in a package of the folder DIST. A package needs our two licences, and the notices of
each set that it contains, as listed in packaging/linked.py. It also fails if a package does not contain the OpenSSL version of the
notices. Files with symbols for crash reports, and files that belong to a package beside them, need no licence."""
import gzip
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'packaging'))
import linked  # noqa: E402

# These files are not part of an app: symbols, sources, documents, checksums, descriptions.
NO_PACKAGE = re.compile(r'(-debug\.(zip|tar\.gz)|-dbgsym_.*|dSYMs\.zip|native-debug-symbols\.zip|-(sources|javadoc)\.jar'
                        r'|\.(txt|pom|module|xml|md5|sha1|sha256|sha512|buildinfo|changes))$')


def contents(path):
    """Returns the files in a package, by name."""
    if path.suffix == '.deb':
        data = subprocess.run(['dpkg-deb', '--fsys-tarfile', str(path)], check=True, stdout=subprocess.PIPE).stdout
        packed = tarfile.open(fileobj=io.BytesIO(data))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    else:
        packed = tarfile.open(path)
    return {member.name: packed.extractfile(member).read() for member in packed if member.isfile()}


def openssl_fault(version, sets, files):
    """Returns the fault, or None. OpenSSL's default provider contains its version as a string."""
    is_inside = any(f'\0{version}\0'.encode() in data for data in files)
    if is_inside != any(linked.is_vendored(one) for one in sets):
        return f'OpenSSL {version} in a library, which the notices do not name' if is_inside else f'OpenSSL {version} in no library'
    return None


def faults(version, name, path):
    sets = linked.sets_of(name, path)
    if not sets or NO_PACKAGE.search(name):
        return []
    found = [gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data for data in contents(path).values()]
    wanted = {f'notices/{one}.txt': ROOT / 'packaging/notices' / f'{one}.txt' for one in sets}
    wanted.update((licence, ROOT / licence) for licence in ('LICENSE-MIT', 'LICENSE-APACHE'))
    missing = []
    for label, file in wanted.items():
        text = file.read_bytes().strip()
        if not any(data.strip() == text for data in found):
            missing.append(label)
    wrong = [f'{name}: without {", ".join(missing)}'] if missing else []
    fault = openssl_fault(version, sets, found)
    return wrong + [f'{name}: {fault}'] if fault else wrong


def main():
    dist = pathlib.Path(sys.argv[1])
    files = sorted(path for path in dist.rglob('*') if path.is_file())
    version = linked.openssl(linked.packages())[1]
    wrong = [fault for path in files for fault in faults(version, path.relative_to(dist).as_posix(), path)]
    if wrong:
        sys.exit('licences.py: ' + '\n  '.join(wrong))


if __name__ == '__main__':
    main()
