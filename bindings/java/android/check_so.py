#!/usr/bin/env python3
"""check_so.py --abi ABI [--beside OTHER.so] --exports HEADER.h|FUNCTION LIBRARY.so: checks a library of the AAR for faults that
otherwise only a device would show.

A library that Android 5.0 (API 21) cannot load, or that needs a missing function, fails only on the user's device, because a linker
makes shared libraries with undefined symbols without a warning. The script prints every fault, and then exits with 1.

--exports: the functions that the library must export, and no others: all functions of a header, or one function.
--beside: another library of the AAR whose exports this one may need.
"""
import argparse
import pathlib
import re
import struct
import sys

SYMBOLS = pathlib.Path(__file__).parent / 'symbols.txt'

# The number of the machine in ELF, and the bits of an address.
MACHINES = {'arm64-v8a': (183, 64), 'armeabi-v7a': (40, 32), 'x86_64': (62, 64), 'x86': (3, 32)}

PT_LOAD, PT_DYNAMIC, PT_TLS, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 7, 0x6474e551, 0x6474e552
PF_X, PF_W = 1, 2
SHT_NOTE, SHT_DYNSYM = 7, 11
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SONAME, DT_RPATH, DT_TEXTREL, DT_BIND_NOW, DT_RUNPATH, DT_FLAGS = 1, 4, 5, 14, 15, 22, 24, 29, 30
DT_FLAGS_1 = 0x6ffffffb
DF_TEXTREL, DF_BIND_NOW, DF_1_NOW = 4, 8, 1
PACKED_RELOCATIONS = {36: 28, 0x6000000f: 23, 0x60000011: 23, 0x6fffe000: 28}
"""DT_RELR, DT_ANDROID_REL, DT_ANDROID_RELA, DT_ANDROID_RELR, with the API level that reads them."""
DT_PLTRELSZ, DT_RELA, DT_RELASZ, DT_REL, DT_RELSZ, DT_PLTREL, DT_JMPREL = 2, 7, 8, 17, 18, 20, 23
RELOCATIONS = {183: {257, 1025, 1026, 1027}, 40: {2, 3, 21, 22, 23}, 62: {1, 6, 7, 8}, 3: {1, 2, 6, 7, 8}}
"""The types of relocations that Android 5 knows for each machine: addresses of data and functions, and addresses relative to the
library."""
STB_WEAK, STT_SECTION = 2, 3
STV_DEFAULT, STV_PROTECTED = 0, 3


class NotElf(Exception):
    pass


class Library:
    """The parts of a shared library that the dynamic linker reads."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.bytes = self.path.read_bytes()
        try:
            self.read()
        except (struct.error, ValueError, IndexError) as error:
            raise NotElf(f'{path} is damaged: {error}') from error

    def read(self):
        if self.bytes[:4] != b'\x7fELF' or self.bytes[5] != 1:
            raise NotElf(f'{self.path} is not a little-endian ELF file')
        self.bits = {1: 32, 2: 64}[self.bytes[4]]
        word = 'Q' if self.bits == 64 else 'I'
        (self.type, self.machine, _, _, headers, sections, _, _, header_size, header_count, section_size, section_count,
         _) = struct.unpack_from(f'<HHI{word * 3}IHHHHHH', self.bytes, 16)
        self.segments = [self.segment(headers + i * header_size) for i in range(header_count)]
        self.dynamic = {}
        for segment in self.segments:
            if segment['type'] == PT_DYNAMIC:
                for tag, value in struct.iter_unpack(f'<{word * 2}', self.slice(segment['offset'], segment['size'])):
                    if tag == 0:
                        break
                    self.dynamic.setdefault(tag, []).append(value)
        self.symbols, self.build_id = [], None
        for i in range(section_count):
            kind, = struct.unpack_from('<I', self.bytes, sections + i * section_size + 4)
            offset, size = struct.unpack_from(f'<{word * 2}', self.bytes, sections + i * section_size + (24 if self.bits == 64 else 16))
            if kind == SHT_DYNSYM:
                self.symbols = list(self.read_symbols(self.slice(offset, size)))
            elif kind == SHT_NOTE:
                self.build_id = self.build_id or self.read_build_id(self.slice(offset, size))

    def slice(self, offset, size):
        return self.bytes[offset:offset + size]

    def segment(self, at):
        if self.bits == 64:
            kind, flags, offset, address, _, size, _, align = struct.unpack_from('<IIQQQQQQ', self.bytes, at)
        else:
            kind, offset, address, _, size, _, flags, align = struct.unpack_from('<IIIIIIII', self.bytes, at)
        return {'type': kind, 'flags': flags, 'offset': offset, 'address': address, 'size': size, 'align': align}

    def offset(self, address, what):
        for segment in self.segments:
            if segment['type'] == PT_LOAD and segment['address'] <= address < segment['address'] + segment['size']:
                return address - segment['address'] + segment['offset']
        raise ValueError(f'{what} is not loaded')

    def string(self, offset):
        start = self.offset(self.dynamic[DT_STRTAB][0], 'its table of strings') + offset
        return self.bytes[start:self.bytes.index(b'\0', start)].decode()

    def relocations(self):
        """The types of its relocations."""
        found = set()
        word = 'Q' if self.bits == 64 else 'I'
        procedures = DT_RELA in self.dynamic.get(DT_PLTREL, [])
        for table, size, has_addend in (DT_RELA, DT_RELASZ, True), (DT_REL, DT_RELSZ, False), (DT_JMPREL, DT_PLTRELSZ, procedures):
            if self.dynamic.get(size, [0])[0]:
                start = self.offset(self.dynamic[table][0], 'a table of relocations')
                entries = struct.iter_unpack(f'<{word * (3 if has_addend else 2)}', self.slice(start, self.dynamic[size][0]))
                found.update(entry[1] & (0xffffffff if self.bits == 64 else 0xff) for entry in entries)
        return found

    def read_symbols(self, table):
        form, order = ('<IBBHQQ', (0, 1, 2, 3)) if self.bits == 64 else ('<IIIBBH', (0, 3, 4, 5))
        for entry in struct.iter_unpack(form, table):
            name, info, other, section = (entry[i] for i in order)
            if name and info & 15 != STT_SECTION:
                yield {'name': self.string(name), 'weak': info >> 4 == STB_WEAK, 'defined': section != 0, 'visibility': other & 3}

    @staticmethod
    def read_build_id(note):
        while len(note) >= 12:
            name, size, kind = struct.unpack_from('<III', note)
            start = 12 + (name + 3) // 4 * 4
            if kind == 3 and note[12:12 + name] == b'GNU\0':
                return note[start:start + size].hex()
            note = note[start + (size + 3) // 4 * 4:]
        return None

    def strings(self, tag):
        return [self.string(offset) for offset in self.dynamic.get(tag, [])]

    def has_flag(self, tag, flag):
        return any(value & flag for value in self.dynamic.get(tag, []))

    def exports(self):
        return {symbol['name'] for symbol in self.symbols if symbol['defined'] and symbol['visibility'] in (STV_DEFAULT, STV_PROTECTED)}


def symbols_of_android(abi):
    """Returns the symbols of each library of the system."""
    found, current = {}, set()
    for line in SYMBOLS.read_text().splitlines():
        if section := re.fullmatch(r'\[(\S+)(?: (\S+))?\]', line):
            current = found.setdefault(section[1], set()) if section[2] in (None, abi) else set()
        elif not line.startswith('#'):
            current.update(line.split())
    return found


def functions_of(header):
    """Returns the names before a `(` at the start of a declaration. Comments and callback types have no such lines."""
    names = re.findall(r'^(?!typedef)[a-z][^(\n]*?\b(\w+)\(', pathlib.Path(header).read_text(), re.MULTILINE)
    if not names:
        sys.exit(f'check_so.py: {header} declares no function')
    return set(names)


def faults(library, abi, exports, beside):
    """Yields each fault as a sentence without its subject, the library."""
    machine, bits = MACHINES[abi]
    if (library.type, library.machine, library.bits) != (3, machine, bits):
        yield f'is no shared library for {abi} (type {library.type}, machine {library.machine}, {library.bits} bits)'
        return
    yield from faults_of_loading(library, abi)
    yield from faults_of_names(library, exports)
    yield from faults_of_needs(library, abi, beside)


def faults_of_loading(library, abi):
    # Devices with pages of 16 KiB load only libraries with this alignment. 32-bit devices have pages of 4 KiB.
    page = 16384 if library.bits == 64 else 4096
    loads = [segment for segment in library.segments if segment['type'] == PT_LOAD]
    if not loads:
        yield 'has nothing to load'
    for load in loads:
        if load['align'] < page:
            yield f'is aligned to {load["align"]:#x}, less than a page of {page:#x}: link it with -Wl,-z,max-page-size={page}'
            break
    if any(load['flags'] & PF_W and load['flags'] & PF_X for load in loads):
        yield 'has memory that can be written and executed'
    stack = [segment for segment in library.segments if segment['type'] == PT_GNU_STACK]
    if not stack or stack[0]['flags'] & PF_X:
        yield 'asks for a stack that can be executed'
    if not any(segment['type'] == PT_GNU_RELRO for segment in library.segments):
        yield 'does not protect its relocated data (RELRO): link it with -Wl,-z,relro'
    if not (library.has_flag(DT_FLAGS, DF_BIND_NOW) or library.has_flag(DT_FLAGS_1, DF_1_NOW) or DT_BIND_NOW in library.dynamic):
        yield 'leaves its table of functions writable: link it with -Wl,-z,now'
    if DT_TEXTREL in library.dynamic or library.has_flag(DT_FLAGS, DF_TEXTREL):
        yield 'has text relocations, which Android 6 refuses: compile it with -fPIC'
    other_relocations = library.relocations() - RELOCATIONS[library.machine]
    if any(segment['type'] == PT_TLS for segment in library.segments):
        yield 'has thread-local variables of ELF, which need API 29: compile it with -femulated-tls'
        other_relocations = ()  # these variables have their own types of relocations
    for kind in sorted(other_relocations):
        yield f'has relocations of type {kind}, which Android 5 may not know, such as those of functions that are chosen when it is loaded (ifunc)'
    for tag, level in PACKED_RELOCATIONS.items():
        if tag in library.dynamic:
            yield f'has packed relocations ({tag:#x}), which need API {level}: link it with -Wl,--pack-dyn-relocs=none'
    if DT_HASH not in library.dynamic:
        yield 'has no table of symbols that Android before 6 can read: link it with -Wl,--hash-style=both'
    if not library.build_id:
        yield 'has no build ID, by which crash reports find its symbols: link it with -Wl,--build-id=sha1'


def faults_of_names(library, exports):
    if library.strings(DT_SONAME) != [library.path.name]:
        yield f'calls itself {", ".join(library.strings(DT_SONAME)) or "nothing"}: link it with -Wl,-soname,{library.path.name}'
    if library.dynamic.keys() & {DT_RPATH, DT_RUNPATH}:
        yield 'names directories to load libraries from (RPATH or RUNPATH)'
    found = library.exports()
    for name in sorted(exports - found):
        yield f'does not export {name}'
    for name in sorted(found - exports):
        yield f'exports {name}, which it should not'


def faults_of_needs(library, abi, beside):
    available = symbols_of_android(abi)
    allowed = {**available, 'libm.so': available.get('libm.so', set())}
    if beside:
        allowed[beside.path.name] = beside.exports()
    needed = library.strings(DT_NEEDED)
    for name in needed:
        if name not in allowed:
            yield f'needs {name}, which is neither of API 21 nor of the AAR'
    unlinked = {}
    for symbol in library.symbols:
        # A missing weak symbol is NULL, and its users check this.
        if symbol['defined'] or symbol['weak']:
            continue
        name = symbol['name']
        homes = [home for home, names in allowed.items() if name in names]
        if name.startswith('__aarch64_'):
            yield f'calls {name}, an outlined atomic that no library has: compile its C code with -mno-outline-atomics'
        elif not homes:
            yield f'needs {name}, which is not in {SYMBOLS.name}: look up since which API level Android has it'
        elif not set(homes) & set(needed):
            unlinked.setdefault(homes[0], []).append(name)
    for home, names in unlinked.items():
        yield f'needs {", ".join(sorted(names))} of {home}, but not that library: link it with it'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--abi', required=True, choices=MACHINES)
    parser.add_argument('--exports', required=True)
    parser.add_argument('--beside')
    parser.add_argument('library')
    arguments = parser.parse_args()
    exports = functions_of(arguments.exports) if arguments.exports.endswith('.h') else {arguments.exports}
    try:
        beside = Library(arguments.beside) if arguments.beside else None
        found = list(faults(Library(arguments.library), arguments.abi, exports, beside))
    except (NotElf, OSError) as error:
        found = [f'cannot be checked: {error}']
    for fault in found:
        print(f'check_so.py: {arguments.library} {fault}', file=sys.stderr)
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
