#!/usr/bin/env python3
"""check_pe.py [--exports HEADER.h] [--version V] [--debug FILE] [--forbid TEXT]... FILE: checks a DLL or a program for Windows.
check_pe.py --print-def HEADER.h: prints a module definition file with the functions of the header, for import libraries.

A DLL that an old Windows cannot load, or that needs a DLL of the compiler, fails only on the user's machine. Every fault is printed, and
the exit status is then 1.

--exports: FILE must be a DLL that exports exactly the functions of this header.
--version: FILE must have a version resource with this version and its own name.
--debug: the file with the debug information of FILE.
--forbid: a text that FILE must not contain, such as a path of the build machine.

imports.txt lists the functions that may be imported.
"""
import argparse
import pathlib
import re
import struct
import sys

IMPORTS = pathlib.Path(__file__).parent / 'imports.txt'
AMD64 = 0x8664
IS_DLL = 0x2000
DLL_FLAGS = {
    0x20: 'cannot be loaded at addresses of 64 bits: link it with -Wl,--high-entropy-va',
    0x40: 'cannot be loaded at a random address (ASLR): link it with -Wl,--dynamicbase',
    0x100: 'lets data be executed (no DEP): link it with -Wl,--nxcompat',
}
EXPORT, IMPORT, RESOURCE, BASE_RELOCATION, DEBUG, DELAY_IMPORT = 0, 1, 2, 5, 6, 13
EXECUTE, WRITE = 0x20000000, 0x80000000
CODEVIEW = 2
RT_VERSION = 16


class NotPe(Exception):
    pass


class Image:
    """The parts of a DLL or a program that the loader of Windows reads."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.bytes = self.path.read_bytes()
        try:
            self.read()
        except (struct.error, ValueError, IndexError) as error:
            raise NotPe(f'{path} is damaged: {error}') from error

    def read(self):
        if self.bytes[:2] != b'MZ':
            raise NotPe(f'{self.path} is no PE file')
        start = self.unpack('<I', 0x3c)[0]
        if self.bytes[start:start + 4] != b'PE\0\0':
            raise NotPe(f'{self.path} is no PE file')
        (self.machine, sections, self.timestamp, self.symbols, self.symbol_count, optional_size,
         self.characteristics) = self.unpack('<HHIIIHH', start + 4)
        optional = start + 24
        self.magic = self.unpack('<H', optional)[0]
        if self.magic != 0x20b:
            raise NotPe(f'{self.path} is not for a 64-bit Windows (magic {self.magic:#x})')
        self.subsystem_version = self.unpack('<HH', optional + 48)
        self.subsystem, self.dll_flags = self.unpack('<HH', optional + 68)
        count = self.unpack('<I', optional + 108)[0]
        self.directories = [self.unpack('<II', optional + 112 + 8 * at) for at in range(count)]
        self.sections = []
        for at in range(sections):
            name, size, address, raw_size, raw, _, _, _, _, flags = self.unpack('<8sIIIIIIHHI', optional + optional_size + 40 * at)
            name = name.rstrip(b'\0').decode()
            if name.startswith('/'):  # in the table of strings, after the symbols
                name = self.string_at(self.symbols + 18 * self.symbol_count + int(name[1:]))
            self.sections.append({'name': name, 'address': address, 'size': max(size, raw_size), 'raw': raw,
                                  'raw_size': raw_size, 'flags': flags})
        self.exports, self.name = set(self.read_exports()), self.read_name()
        self.imports = list(self.read_imports())
        self.build_id = self.read_build_id()

    def unpack(self, form, offset):
        return struct.unpack_from(form, self.bytes, offset)

    def string_at(self, offset):
        return self.bytes[offset:self.bytes.index(b'\0', offset)].decode()

    def offset(self, address):
        for section in self.sections:
            if section['raw'] and section['address'] <= address < section['address'] + section['raw_size']:
                return address - section['address'] + section['raw']
        raise ValueError(f'address {address:#x} is not in the file')

    def directory(self, number):
        return self.directories[number] if number < len(self.directories) else (0, 0)

    def has_content(self, address):
        """A debug file contains the headers of all sections, but the content of only a few."""
        return any(s['raw'] and s['address'] <= address < s['address'] + s['raw_size'] for s in self.sections)

    def read_name(self):
        address, size = self.directory(EXPORT)
        return self.string_at(self.offset(self.unpack('<I', self.offset(address) + 12)[0])) if size and self.has_content(address) else None

    def read_exports(self):
        address, size = self.directory(EXPORT)
        if not size or not self.has_content(address):
            return
        _, functions, names, _, name_table, _ = self.unpack('<IIIIII', self.offset(address) + 16)
        yield from (f'function {at} without a name' for at in range(names, functions))
        table = self.offset(name_table) if names else 0
        yield from (self.string_at(self.offset(self.unpack('<I', table + 4 * at)[0])) for at in range(names))

    def read_imports(self):
        """Yields pairs (DLL in lower case, function)."""
        address, size = self.directory(IMPORT)
        if not size or not self.has_content(address):
            return
        at = self.offset(address)
        while True:
            lookup, _, _, dll, table = self.unpack('<IIIII', at)
            if not dll:
                return
            dll, entry = self.string_at(self.offset(dll)).lower(), self.offset(lookup or table)
            while value := self.unpack('<Q', entry)[0]:
                yield dll, f'number {value & 0xffff}' if value >> 63 else self.string_at(self.offset(value) + 2)
                entry += 8
            at += 20

    def read_build_id(self):
        """Returns the GUID that identifies this file in a crash report, and with which debuggers find its debug file."""
        address, size = self.directory(DEBUG)
        if not size or not self.has_content(address):
            return None
        for at in range(self.offset(address), self.offset(address) + size, 28):
            kind, _, _, raw = self.unpack('<IIII', at + 12)
            if kind == CODEVIEW and self.bytes[raw:raw + 4] == b'RSDS':
                return self.bytes[raw + 4:raw + 20].hex()
        return None

    def version_resource(self):
        """Returns the strings of the version resource by name."""
        address, size = self.directory(RESOURCE)
        if not size:
            return {}
        root = self.offset(address)
        at, wanted = root, RT_VERSION
        for _ in range(3):  # type, name, language
            names, ids = self.unpack('<HH', at + 12)
            entries = [self.unpack('<II', at + 16 + 8 * i) for i in range(names + ids)]
            found = [target for key, target in entries if wanted in (None, key)]
            if not found:
                return {}
            at, wanted = root + (found[0] & 0x7fffffff), None
        data, length = self.unpack('<II', at)
        return dict(strings_of_version(self.bytes[self.offset(data):self.offset(data) + length]))


def strings_of_version(block):
    """Yields the (name, value) pairs in a VS_VERSIONINFO: nested blocks, each with a length, a key in UTF-16 and a value, aligned to 4."""
    length, value_length, is_text = struct.unpack_from('<HHH', block)
    end = next(at for at in range(6, len(block), 2) if block[at:at + 2] == b'\0\0')
    key, at = block[6:end].decode('utf-16-le'), (end + 2 + 3) & ~3
    size = value_length * (2 if is_text else 1)
    if is_text and value_length:
        yield key, block[at:at + size].decode('utf-16-le').rstrip('\0')
        return
    at = (at + size + 3) & ~3
    while at + 6 <= length:
        child = struct.unpack_from('<H', block, at)[0]
        if not child:
            return
        yield from strings_of_version(block[at:at + child])
        at = (at + child + 3) & ~3


def allowed_imports():
    """Returns the functions of each DLL of Windows."""
    found, current = {}, None
    for line in IMPORTS.read_text().splitlines():
        if section := re.fullmatch(r'\[(\S+)\]', line):
            current = found.setdefault(section[1].lower(), set())
        elif not line.startswith('#'):
            current.update(line.split())
    return found


def functions_of(header):
    """Returns the names before a `(` at the beginning of a declaration. No comment and no callback type has such a line."""
    names = re.findall(r'^(?!typedef)[a-z][^(\n]*?\b(\w+)\(', pathlib.Path(header).read_text(), re.MULTILINE)
    if not names:
        sys.exit(f'check_pe.py: {header} declares no function')
    return set(names)


def faults(image, exports, version, debug, forbidden):
    """Yields each fault as a sentence without its subject."""
    if image.machine != AMD64:
        yield f'is not for x86-64 (machine {image.machine:#x})'
        return
    if bool(image.characteristics & IS_DLL) != (exports is not None):
        yield 'is a program, not a DLL' if exports is not None else 'is a DLL, not a program'
    for flag, words in DLL_FLAGS.items():
        if not image.dll_flags & flag:
            yield words
    if not image.directory(BASE_RELOCATION)[1]:
        yield 'has no relocations, so it cannot be loaded at a random address'
    if image.subsystem_version > (10, 0):
        yield f'needs Windows {".".join(map(str, image.subsystem_version))}'
    if image.timestamp:
        yield 'contains the time of its link: link it with -Wl,--no-insert-timestamp'
    for section in image.sections:
        if section['flags'] & EXECUTE and section['flags'] & WRITE:
            yield f'has a section {section["name"]} that can be written and executed'
        if section['name'].startswith('.debug'):
            yield f'is not stripped: it has a section {section["name"]}'
    if image.symbol_count:
        yield f'is not stripped: it has {image.symbol_count} symbols'
    yield from faults_of_names(image, exports)
    yield from faults_of_imports(image)
    if version:
        yield from faults_of_version(image, version)
    if not image.build_id:
        yield 'has no build ID, by which crash reports find its symbols: link it with -Wl,--build-id'
    if debug:
        yield from faults_of_debug(image, debug)
    for text in forbidden:
        if text.encode() in image.bytes:
            yield f'contains {text}'


def faults_of_names(image, exports):
    if exports is None:
        exports = set()
    elif image.name != image.path.name:
        yield f'calls itself {image.name}'
    for name in sorted(exports - image.exports):
        yield f'does not export {name}'
    for name in sorted(image.exports - exports):
        yield f'exports {name}, which it should not'


def faults_of_imports(image):
    allowed = allowed_imports()
    if image.directory(DELAY_IMPORT)[1]:
        yield 'loads DLLs when it calls them, which is not checked'
    for dll in sorted({dll for dll, _ in image.imports} - allowed.keys()):
        yield f'needs {dll}, which is not in {IMPORTS.name}: is it a DLL of the compiler? Link it with -static'
    for dll, name in image.imports:
        if dll in allowed and name not in allowed[dll]:
            yield f'needs {name} of {dll}, which is not in {IMPORTS.name}: look up since which version Windows has it'


def faults_of_version(image, version):
    found = image.version_resource()
    for name, wanted in ('FileVersion', version), ('ProductVersion', version), ('OriginalFilename', image.path.name):
        if found.get(name) != wanted:
            yield f'has {name} {found.get(name)} in its version resource, not {wanted}'


def faults_of_debug(image, path):
    try:
        debug = Image(path)
    except (NotPe, OSError) as error:
        yield f'has a debug file that cannot be read: {error}'
        return
    if not any(section['name'] == '.debug_line' and section['raw_size'] for section in debug.sections):
        yield f'has a debug file without lines of sources: {path}'
    if debug.build_id != image.build_id:
        yield f'has build ID {image.build_id}, and its debug file has {debug.build_id}'
    if not any(section['name'] == '.gnu_debuglink' for section in image.sections):
        yield 'does not name its debug file (.gnu_debuglink)'
    elif debug.path.name.encode() not in image.bytes:
        yield f'names another debug file than {debug.path.name}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--print-def')
    parser.add_argument('--exports')
    parser.add_argument('--version')
    parser.add_argument('--debug')
    parser.add_argument('--forbid', action='append', default=[])
    parser.add_argument('file', nargs='?')
    arguments = parser.parse_args()
    if bool(arguments.print_def) == bool(arguments.file):
        parser.error('either --print-def, or a file to check')
    if arguments.print_def:
        print('LIBRARY egret_ws.dll', 'EXPORTS', *(f'    {name}' for name in sorted(functions_of(arguments.print_def))), sep='\n')
        return
    exports = functions_of(arguments.exports) if arguments.exports else None
    try:
        found = list(faults(Image(arguments.file), exports, arguments.version, arguments.debug, arguments.forbid))
    except (NotPe, OSError) as error:
        found = [f'cannot be checked: {error}']
    for fault in found:
        print(f'check_pe.py: {arguments.file} {fault}', file=sys.stderr)
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
