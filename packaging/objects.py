"""Reads static libraries and the symbols of their objects (ELF, Mach-O and COFF), and writes static libraries."""

import re
import struct

ELF, MACHO, COFF = 'ELF', 'Mach-O', 'COFF'


def text(data, offset):
    """Returns the string up to the next zero byte."""
    return data[offset:data.index(b'\0', offset)].decode()


def members(library):
    """Yields (name, contents) for each file in a static library. Tables of symbols and of names are left out."""
    if library.startswith(b'!<thin>\n'):
        raise ValueError('it is a thin archive, which names its objects only: make it without the option --thin of ar')
    if not library.startswith(b'!<arch>\n'):
        raise ValueError('it is no static library')
    found, names, at = [], b'', 8
    while at + 60 <= len(library):
        name, size = library[at:at + 16].decode().rstrip(), int(library[at + 48:at + 58])
        contents = library[at + 60:at + 60 + size]
        at += 60 + size + size % 2
        if size < 0 or len(contents) != size:
            raise ValueError('it is damaged: %s is not complete' % name)
        if name == '//':  # GNU's table of long names
            names = contents
            continue
        if name in ('/', '/SYM64/'):
            continue
        if re.fullmatch('/[0-9]+', name):
            start = int(name[1:])
            name = re.split(b'/?[\n\0]', names[start:], maxsplit=1)[0].decode()
        elif name.startswith('#1/'):  # BSD's long names
            length = int(name[3:])
            name, contents = contents[:length].rstrip(b'\0').decode(), contents[length:]
        if not name.startswith('__.SYMDEF'):
            found.append((name.rstrip('/'), contents))
    return found


def kind(contents):
    """Returns (format, machine) of an object, or (None, None) for another file."""
    magic = contents[:4]
    if magic == b'\x7fELF':
        order = '<' if contents[5] == 1 else '>'
        return ELF, struct.unpack_from(order + 'H', contents, 18)[0]
    if magic == b'\xcf\xfa\xed\xfe':
        return MACHO, struct.unpack_from('<I', contents, 4)[0]
    if is_short_import(contents):
        return COFF, struct.unpack_from('<H', contents, 6)[0]
    if magic[:2] in (b'\x64\x86', b'\x4c\x01', b'\x64\xaa'):
        return COFF, struct.unpack_from('<H', contents)[0]
    return None, None


def symbols(contents):
    """Returns (defined, undefined): two sets with the names that an object shows to other objects."""
    read = {ELF: elf_symbols, MACHO: macho_symbols, COFF: coff_symbols}
    return read[kind(contents)[0]](contents)


def elf_symbols(contents):
    is_64, order = contents[4] == 2, '<' if contents[5] == 1 else '>'
    defined, undefined = set(), set()
    for section in elf_sections(contents):
        if section['type'] != 2:  # SHT_SYMTAB
            continue
        strings = elf_sections(contents)[section['link']]['offset']
        size = 24 if is_64 else 16
        for number in range(section['info'], section['size'] // size):  # sh_info: the first symbol that is not local
            at = section['offset'] + number * size
            if is_64:
                name, _, _, index = struct.unpack_from(order + 'IBBH', contents, at)
            else:
                name, _, _, _, _, index = struct.unpack_from(order + 'IIIBBH', contents, at)
            (defined if index else undefined).add(text(contents, strings + name))
    return defined, undefined


def elf_sections(contents):
    is_64, order = contents[4] == 2, '<' if contents[5] == 1 else '>'
    if is_64:
        start, = struct.unpack_from(order + 'Q', contents, 40)
        size, count = struct.unpack_from(order + 'HH', contents, 58)
        layout = order + 'IIQQQQIIQQ'
    else:
        start, = struct.unpack_from(order + 'I', contents, 32)
        size, count = struct.unpack_from(order + 'HH', contents, 46)
        layout = order + 'IIIIIIIIII'
    names = ('name', 'type', 'flags', 'address', 'offset', 'size', 'link', 'info', 'align', 'entry')
    sections = []
    while len(sections) < (count or 1):
        at = start + len(sections) * size
        sections.append(dict(zip(names, struct.unpack_from(layout, contents, at))))
        count = count or sections[0]['size']  # more than 65279 sections
    return sections


def macho_commands(contents):
    """Yields (command, offset) for each load command."""
    count, at = struct.unpack_from('<I', contents, 16)[0], 32
    for _ in range(count):
        command, size = struct.unpack_from('<II', contents, at)
        yield command, at
        at += size


def macho_symbols(contents):
    defined, undefined = set(), set()
    for command, at in macho_commands(contents):
        if command == 2:  # LC_SYMTAB
            table, count, strings, _ = struct.unpack_from('<IIII', contents, at + 8)
            for number in range(count):
                name, flags, _, _, value = struct.unpack_from('<IBBHQ', contents, table + number * 16)
                if flags & 0xe0 or not flags & 1:  # a symbol for debuggers, or a local symbol
                    continue
                is_undefined = flags & 0x0e == 0 and value == 0
                (undefined if is_undefined else defined).add(text(contents, strings + name))
    return defined, undefined


def is_short_import(contents):
    """Returns whether this is an import of a DLL function in the form of LLVM and Microsoft."""
    return contents[:6] == b'\0\0\xff\xff\0\0'


def coff_symbols(contents):
    if is_short_import(contents):
        symbol = text(contents, 20)
        dll = text(contents, 20 + len(symbol.encode()) + 1)
        return {symbol, '__imp_' + symbol}, {'__IMPORT_DESCRIPTOR_' + dll.rpartition('.')[0]}
    table, count = struct.unpack_from('<II', contents, 8)
    strings, number = table + count * 18, 0
    defined, undefined = set(), set()
    while number < count:
        short, value, section, _, storage, more = struct.unpack_from('<8sIhHBB', contents, table + number * 18)
        number += 1 + more
        if storage not in (2, 105):  # external, weak external
            continue
        offset, = struct.unpack_from('<I', short, 4)
        name = text(contents, strings + offset) if short[:4] == b'\0\0\0\0' else short.rstrip(b'\0').decode()
        (defined if section or value and storage == 2 else undefined).add(name)
    return defined, undefined


def coff_sections(contents):
    """Returns (offset of the header, name) of each section. A name with more than eight bytes is replaced by a number."""
    count, = struct.unpack_from('<H', contents, 2)
    optional, = struct.unpack_from('<H', contents, 16)
    headers = [20 + optional + number * 40 for number in range(count)]
    return [(at, contents[at:at + 8].rstrip(b'\0').decode()) for at in headers]


def static_library(files):
    """Returns a static library of (name, contents), with a table of symbols. It contains no times and no owners."""
    write = darwin_library if kind(files[0][1])[0] == MACHO else gnu_library
    return b'!<arch>\n' + write(files)


def header(name, size):
    return b'%-16s%-12d%-6d%-6d%-8s%-10d`\n' % (name.encode(), 0, 0, 0, b'644', size)


def gnu_library(files):
    names = b''
    titles, sizes = [], []
    for name, contents in files:
        title = name + '/'
        if len(title) > 16:
            title = '/%d' % len(names)
            names += name.encode() + b'/\n'
        titles.append(title)
        sizes.append(60 + len(contents) + len(contents) % 2)
    names += b'\n' * (len(names) % 2)

    defined = [sorted(symbols(contents)[0]) for _, contents in files]
    strings = b''.join(name.encode() + b'\0' for list_ in defined for name in list_)
    strings += b'\0' * (len(strings) % 2)
    count = sum(map(len, defined))
    table_size = 4 + 4 * count + len(strings)
    at = 8 + 60 + table_size + (60 + len(names) if names else 0)
    offsets = []
    for list_, size in zip(defined, sizes):
        offsets += [at] * len(list_)
        at += size
    parts = [header('/', table_size), struct.pack('>%dI' % (count + 1), count, *offsets), strings]
    if names:
        parts += [header('//', len(names)), names]
    for (_, contents), title in zip(files, titles):
        parts += [header(title, len(contents)), contents, b'\n' * (len(contents) % 2)]
    return b''.join(parts)


def darwin_library(files):
    """Returns a library in the form of `libtool -static -D`: names and contents begin at multiples of eight."""
    def member(name, contents, at):
        name = name.encode()
        name += b'\0' * (8 - (at + 60 + len(name)) % 8)
        contents += b'\0' * (-len(contents) % 8)
        return header('#1/%d' % len(name), len(name) + len(contents)) + name + contents

    defined = [(name, number) for number, (_, contents) in enumerate(files) for name in symbols(contents)[0]]
    defined.sort()

    def table(offsets):
        strings, entries = b'', []
        for name, number in defined:
            entries += [len(strings), offsets[number]]
            strings += name.encode() + b'\0'
        strings += b'\0' * (-len(strings) % 8)
        size = 4 * len(entries)
        return struct.pack('<I%dII' % len(entries), size, *entries, len(strings)) + strings

    parts, offsets = [], [0] * len(files)
    for _ in range(2):  # the sizes do not depend on the offsets
        parts = [member('__.SYMDEF SORTED', table(offsets), 8)]
        at = 8 + len(parts[0])
        for number, (name, contents) in enumerate(files):
            offsets[number] = at
            parts.append(member(name, contents, at))
            at += len(parts[-1])
    return b''.join(parts)
