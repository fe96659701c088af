#!/usr/bin/env python3
"""check_paths.py [--forbid TEXT]... PATH...: looks for traces of this machine in the packages PATH (files, or folders of them).

A package must not contain the path of a folder of the build machine (home, cargo, rustup, the sources, the output), the name of the user
or of the machine, or the name of a temporary file. With such names, packages of different machines would differ, and the names are
private. --forbid adds more texts.

Archives are unpacked: zip (jar, aar), tar, gzip, xz, zstd, ar (static libraries, Debian's packages), and also compressed debug sections.
The owner of a file in a tar must be root. Every finding is printed, and the exit status is then 1.
"""
import argparse
import getpass
import gzip
import io
import lzma
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Temporary files of compilers, of cargo, of mktemp and of Python.
TEMPORARY = re.compile(rb'/tmp/(?:cc[A-Za-z0-9]{6}\b|rustc[A-Za-z0-9]{6}|cargo-[a-z]+[A-Za-z0-9]{6}|tmp[._][A-Za-z0-9_]{6,}|tmp[a-z0-9_]{8}\b)')
ZIP, TAR = b'PK\3\4', b'ustar'
COMPRESSED_SECTION = 0x800  # SHF_COMPRESSED
# Names that do not identify a machine or a user, and that are words of other texts.
COMMON_NAMES = {'root', 'user', 'builder', 'build', 'debian', 'ubuntu', 'linux', 'localhost', 'host', 'server', 'nobody'}


def is_of_the_sources(name):
    """Returns whether the packages contain this word on every machine."""
    files = [ROOT / file for file in ('README.md', 'Cargo.lock')] + sorted((ROOT / 'packaging' / 'notices').glob('*.txt'))
    return any(name.lower() in file.read_text(encoding='utf-8').lower() for file in files if file.exists())


def texts_of_this_machine():
    """Returns the texts that no package may contain."""
    home = os.environ.get('HOME', '')
    folders = [
        home, os.environ.get('CARGO_HOME', f'{home}/.cargo'), os.environ.get('RUSTUP_HOME', f'{home}/.rustup'), str(ROOT),
        os.path.realpath(os.environ.get('CARGO_TARGET_DIR', ROOT / 'target')),
    ]
    # `/` and `/root` exist on every machine, so only names inside them identify a machine.
    texts = {folder.rstrip('/') + ('/' if folder.count('/') == 1 else '') for folder in folders if folder.strip('/')}
    try:
        names = [getpass.getuser(), socket.gethostname()]
    except (KeyError, OSError):  # a user without a name
        names = [socket.gethostname()]
    texts.update(name for name in names if len(name) > 3 and name.lower() not in COMMON_NAMES and not is_of_the_sources(name))
    return texts


class Search:
    def __init__(self, texts):
        self.texts = [(text, re.escape(text.encode(encoding))) for text in sorted(texts) for encoding in ('utf-8', 'utf-16-le')]
        self.findings = 0
        self.files = 0

    def report(self, name, text):
        self.findings += 1
        print(f'check_paths.py: {name}: {text}', file=sys.stderr)

    def scan(self, name, content):
        """Searches in a file and in the files that are packed in it."""
        self.files += 1
        if content.startswith(ZIP) or content[257:262] == TAR:
            # In this archive the files follow each other without a gap, so each file and each name is searched separately.
            for inner, data in unpacked(name, content, self.report):
                self.search(name, inner.encode())
                self.scan(f'{name}: {inner}', data)
            return
        self.search(name, content)
        for inner, data in unpacked(name, content, self.report):
            self.scan(f'{name}: {inner}', data)

    def search(self, name, content):
        # In a text, `$folder/home/file` is not the file `/home/file`. In a program, texts may follow each other without a gap.
        begin = rb'' if b'\0' in content else rb'(?<![\w.)}*-])'
        for text, pattern in self.texts:
            if found := re.search(begin + pattern, content):
                around = content[max(0, found.start() - 20):found.end() + 60]
                self.report(name, f'contains {text}: {re.sub(rb"[^ -~]+", b" ", around).decode()}')
        if found := TEMPORARY.search(content):
            self.report(name, f'contains the name of a temporary file: {found[0].decode()}')


def unpacked(name, content, report):
    """Yields (name, content) for each file in an archive, or nothing if the file is not an archive."""
    if content.startswith(b'\x1f\x8b'):
        yield 'content', gzip.decompress(content)
    elif content.startswith(b'\xfd7zXZ\0'):
        yield 'content', lzma.decompress(content)
    elif content.startswith(b'\x28\xb5\x2f\xfd'):
        if not shutil.which('zstd'):
            sys.exit(f'check_paths.py: zstd is missing, which {name} needs (Debian: zstd)')
        yield 'content', subprocess.run(['zstd', '-dc'], input=content, stdout=subprocess.PIPE, check=True).stdout
    elif content.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from ((entry, archive.read(entry)) for entry in archive.namelist() if not entry.endswith('/'))
    elif content.startswith(b'!<arch>\n'):
        yield from members(content)
    elif content.startswith(b'\x7fELF'):
        yield from compressed_sections(content)
    elif content[257:262] == TAR:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for entry in archive:
                if entry.uid or entry.gid or entry.uname not in ('', 'root') or entry.gname not in ('', 'root'):
                    report(f'{name}: {entry.name}', f'belongs to {entry.uname or entry.uid}:{entry.gname or entry.gid}, not to root')
                if entry.isfile():
                    yield entry.name, archive.extractfile(entry).read()


def members(content):
    """Yields the files in an `ar` archive that are archives themselves. All other bytes are searched without unpacking."""
    at = 8
    while at + 60 <= len(content):
        name, size = content[at:at + 16].decode('latin-1').strip(), int(content[at + 48:at + 58])
        data = content[at + 60:at + 60 + size]
        if data[:2] == b'\x1f\x8b' or data[:4] in (b'\xfd7zX', b'\x28\xb5\x2f\xfd', b'PK\3\4', b'\x7fELF'):
            yield name, data
        at += 60 + size + size % 2


def compressed_sections(content):
    bits, order = content[4], '<' if content[5] == 1 else '>'
    wide = bits == 2
    try:
        sections, = struct.unpack_from(order + ('Q' if wide else 'I'), content, 40 if wide else 32)
        size, count = struct.unpack_from(order + 'HH', content, 58 if wide else 46)
        for i in range(count):
            form = order + ('IIQQQQ' if wide else 'IIIIII')
            _, _, flags, _, offset, length = struct.unpack_from(form, content, sections + i * size)
            if flags & COMPRESSED_SECTION:
                kind, = struct.unpack_from(order + 'I', content, offset)
                data = content[offset + (24 if wide else 12):offset + length]
                yield f'section {i}', zlib.decompress(data) if kind == 1 else data
    except (struct.error, zlib.error) as error:
        sys.exit(f'check_paths.py: a damaged ELF file: {error}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--forbid', action='append', default=[], metavar='TEXT')
    parser.add_argument('paths', nargs='+', type=pathlib.Path, metavar='PATH')
    arguments = parser.parse_args()
    search = Search(texts_of_this_machine() | set(arguments.forbid))
    for path in arguments.paths:
        for file in sorted(path.rglob('*')) if path.is_dir() else [path]:
            if file.is_file() and not file.is_symlink():
                search.scan(str(file), file.read_bytes())
    if not search.files:
        sys.exit('check_paths.py: there are no files')
    if search.findings:
        sys.exit(1)
    print(f'{search.files} files contain no trace of this machine')


if __name__ == '__main__':
    main()
