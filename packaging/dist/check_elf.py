#!/usr/bin/env python3
"""check_elf.py [OPTION...] FILE...: checks shared libraries and programs for Linux before they are packed.

A file that needs a newer system or a missing library fails only on the machine of a user. Every fault is printed, and the exit status
is then 1.
"""
import argparse
import pathlib
import re
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'bindings' / 'java' / 'android'))
import check_so  # noqa: E402, the reader of ELF files

MACHINES = {'x86_64': 62, 'arm64': 183}
LOADERS = {('glibc', 'x86_64'): 'ld-linux-x86-64.so.2', ('glibc', 'arm64'): 'ld-linux-aarch64.so.1'}
LIBRARIES = {'glibc': {'libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'librt.so.1'}, 'musl': {'libc.so'}}
"""The libraries of each C library. musl's loader treats `libc.so` as its own name."""
PT_INTERP, SHT_SYMTAB = 3, 2
DT_RELR, DT_VERNEED, DT_VERNEEDNUM = 36, 0x6ffffffe, 0x6fffffff
DF_1_NODELETE = 8


class Elf(check_so.Library):
    def read(self):
        super().read()
        self.interpreter = next((self.slice(s['offset'], s['size']).rstrip(b'\0').decode() for s in self.segments if s['type'] == PT_INTERP), None)
        if self.bits != 64:
            raise check_so.NotElf(f'{self.path} has addresses of {self.bits} bits')
        sections, = struct.unpack_from('<Q', self.bytes, 40)
        size, count = struct.unpack_from('<HH', self.bytes, 58)
        self.sections = [struct.unpack_from('<I', self.bytes, sections + i * size + 4)[0] for i in range(count)]

    def versions(self):
        """Returns the needed versions of symbols: {library: {version, ...}}."""
        found = {}
        if DT_VERNEED in self.dynamic:
            at = self.offset(self.dynamic[DT_VERNEED][0], 'its table of versions')
            for _ in range(self.dynamic[DT_VERNEEDNUM][0]):
                _, count, library, entry, following = struct.unpack_from('<HHIII', self.bytes, at)
                versions, entry = found.setdefault(self.string(library), set()), at + entry
                for _ in range(count):
                    _, _, _, name, after = struct.unpack_from('<IHHII', self.bytes, entry)
                    versions.add(self.string(name))
                    entry += after
                at += following
        return found


def number(version):
    return tuple(int(part) for part in version.split('.'))


def faults(file, options, exports):
    """Yields each fault as a sentence without its subject."""
    if file.machine != MACHINES[options.machine]:
        yield f'is not for {options.machine} (machine {file.machine})'
        return
    if file.type != 3:
        yield f'is neither a shared library nor a program that can be loaded at any address (type {file.type})'
        return
    yield from faults_of_loading(file)
    if re.search(r'\.so(\.|$)', file.path.name):
        yield from check_so.faults_of_names(file, exports)
        if not file.has_flag(check_so.DT_FLAGS_1, DF_1_NODELETE):
            yield 'can be unloaded while a thread runs in it: link it with -Wl,-z,nodelete'
    elif check_so.DT_RPATH in file.dynamic or check_so.DT_RUNPATH in file.dynamic:
        yield 'names directories to load libraries from (RPATH or RUNPATH)'
    yield from faults_of_needs(file, options)


def faults_of_loading(file):
    loads = [segment for segment in file.segments if segment['type'] == check_so.PT_LOAD]
    if any(load['flags'] & check_so.PF_W and load['flags'] & check_so.PF_X for load in loads):
        yield 'has memory that can be written and executed'
    stack = [segment for segment in file.segments if segment['type'] == check_so.PT_GNU_STACK]
    if not stack or stack[0]['flags'] & check_so.PF_X:
        yield 'asks for a stack that can be executed'
    if not any(segment['type'] == check_so.PT_GNU_RELRO for segment in file.segments):
        yield 'does not protect its relocated data (RELRO): link it with -Wl,-z,relro'
    now = file.has_flag(check_so.DT_FLAGS, check_so.DF_BIND_NOW) or file.has_flag(check_so.DT_FLAGS_1, check_so.DF_1_NOW)
    if not now and check_so.DT_BIND_NOW not in file.dynamic and file.dynamic.get(check_so.DT_NEEDED):
        yield 'leaves its table of functions writable: link it with -Wl,-z,now'
    if check_so.DT_TEXTREL in file.dynamic or file.has_flag(check_so.DT_FLAGS, check_so.DF_TEXTREL):
        yield 'has text relocations: compile it with -fPIC'
    if not file.build_id:
        yield 'has no build ID, by which crash reports find its symbols: link it with -Wl,--build-id=sha1'
    if SHT_SYMTAB in file.sections:
        yield 'has its symbols still: strip it'


def faults_of_needs(file, options):
    libc = 'glibc' if options.glibc else 'musl'
    allowed = LIBRARIES[libc] | {LOADERS.get((libc, options.machine))} | set(options.needs)
    needed = file.strings(check_so.DT_NEEDED)
    for name in needed:
        if name not in allowed:
            yield f'needs {name}, which is not on every system'
    for name in options.needs:
        if name not in needed:
            yield f'does not need {name}: is another one inside?'
    if options.static and (needed or file.interpreter):
        yield f'is not static: needs {", ".join(needed) or file.interpreter}'
    if not options.glibc:
        if file.versions():
            yield f'needs versions of symbols, which musl does not have: {sorted(file.versions())}'
        return
    if check_so.DT_NEEDED in file.dynamic and DT_RELR in file.dynamic and number(options.glibc) < (2, 36):
        yield 'has packed relocations (DT_RELR), which need glibc 2.36: link it with -Wl,-z,nopack-relative-relocs'
    for library, versions in file.versions().items():
        for version in versions:
            glibc = re.fullmatch(r'GLIBC_([0-9.]+)', version)
            if glibc and number(glibc[1]) > number(options.glibc):
                yield f'needs {version} of {library}, newer than {options.glibc}'
            elif version.startswith('GLIBC_') and not glibc:
                yield f'needs {version} of {library}, which is of one glibc only'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--machine', required=True, choices=MACHINES)
    libc = parser.add_mutually_exclusive_group(required=True)
    libc.add_argument('--glibc', metavar='VERSION', help='the oldest glibc with which FILE must work')
    libc.add_argument('--musl', action='store_true')
    parser.add_argument('--static', action='store_true', help='FILE must need no library')
    parser.add_argument('--needs', action='append', default=[], metavar='LIBRARY', help='a library that FILE must need besides the C library')
    parser.add_argument('--exports', metavar='HEADER', help='a library must export exactly the functions of this header')
    parser.add_argument('files', nargs='+', metavar='FILE')
    options = parser.parse_args()
    exports = check_so.functions_of(options.exports) if options.exports else set()
    found = False
    for path in options.files:
        try:
            its = list(faults(Elf(path), options, exports))
        except (check_so.NotElf, OSError) as error:
            its = [f'cannot be checked: {error}']
        for fault in its:
            print(f'check_elf.py: {path} {fault}', file=sys.stderr)
        found = found or bool(its)
    sys.exit(found)


if __name__ == '__main__':
    main()
