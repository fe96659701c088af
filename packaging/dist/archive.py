#!/usr/bin/env python3
"""archive.py [--flat] OUT FOLDER: packs FOLDER into the archive OUT (.tar.gz, or a zip with any name). Equal files make equal archives.

In the archive the files are in one folder, which has the name of the archive without its extension. --flat leaves out that folder.

Names are sorted, owners are 0, modes are 644 or 755, and all times are SOURCE_DATE_EPOCH (1980 if it is not set). Symbolic links are
kept as links. Empty folders are left out.
"""
import argparse
import gzip
import io
import os
import pathlib
import re
import stat
import tarfile
import time
import zipfile

FIRST_TIME = 315532800  # 1980-01-01, the first day that a zip can contain


def epoch():
    return max(int(os.environ.get('SOURCE_DATE_EPOCH') or FIRST_TIME), FIRST_TIME)


def files_in(folder, prefix=''):
    """Returns the files and links in a folder, by their names in the archive."""
    return {prefix + path.relative_to(folder).as_posix(): path
            for path in pathlib.Path(folder).rglob('*') if path.is_symlink() or path.is_file()}


def content_of(entry):
    """Returns (the type and mode of a file, its bytes). `entry` is a path, or the bytes of a plain file."""
    if isinstance(entry, bytes):
        return stat.S_IFREG | 0o644, entry
    if entry.is_symlink():
        return stat.S_IFLNK | 0o777, os.readlink(entry).encode()
    is_program = entry.stat().st_mode & stat.S_IXUSR
    return stat.S_IFREG | (0o755 if is_program else 0o644), entry.read_bytes()


def write_zip(path, entries):
    """Writes a zip with `entries`: paths or bytes by name."""
    date = time.gmtime(epoch())[:6]
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(entries):
            mode, content = content_of(entries[name])
            info = zipfile.ZipInfo(name, date)
            info.create_system = 3  # Unix: the mode is used
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, mode << 16
            packed.writestr(info, content, compresslevel=9)


def write_tar_gz(path, entries):
    """Writes a compressed tar with `entries`: paths or bytes by name."""
    with open(path, 'wb') as raw, gzip.GzipFile('', 'wb', 9, raw, mtime=0) as compressed, \
            tarfile.open(fileobj=compressed, mode='w', format=tarfile.GNU_FORMAT) as packed:
        for name in sorted(entries):
            mode, content = content_of(entries[name])
            info = tarfile.TarInfo(name)
            info.mtime, info.mode = epoch(), stat.S_IMODE(mode)
            if stat.S_ISLNK(mode):
                info.type, info.linkname = tarfile.SYMTYPE, content.decode()
                packed.addfile(info)
            else:
                info.size = len(content)
                packed.addfile(info, io.BytesIO(content))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--flat', action='store_true')
    parser.add_argument('out', type=pathlib.Path)
    parser.add_argument('folder', type=pathlib.Path)
    arguments = parser.parse_args()
    is_tar = arguments.out.name.endswith('.tar.gz')
    top = '' if arguments.flat else re.sub(r'\.(tar\.gz|[a-z]+)$', '', arguments.out.name) + '/'
    entries = files_in(arguments.folder, top)
    if not entries:
        parser.error(f'{arguments.folder} has no files')
    (write_tar_gz if is_tar else write_zip)(arguments.out, entries)


if __name__ == '__main__':
    main()
