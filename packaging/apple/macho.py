"""Reads Mach-O files, and archives and universal files of them."""
import hashlib
import pathlib
import struct

CPUS = {0x0100000c: 'arm64', 0x01000007: 'x86_64'}
MH_OBJECT, MH_DYLIB, MH_DSYM = 1, 6, 10
LC_SYMTAB, LC_UUID, LC_CODE_SIGNATURE, LC_BUILD_VERSION = 0x2, 0x1b, 0x1d, 0x32
LC_ID_DYLIB, LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_RPATH = 0xd, 0xc, 0x80000018, 0x8000001f, 0x8000001c
LC_DYLD_INFO, LC_DYLD_INFO_ONLY, LC_DYLD_EXPORTS_TRIE = 0x22, 0x80000022, 0x80000033
# These load commands are older than LC_BUILD_VERSION: macOS, iOS, tvOS, watchOS. Only the processor distinguishes a simulator
# from a device.
LC_VERSION_MINS = {0x24: 1, 0x25: 2, 0x2f: 3, 0x30: 4}
N_STAB, N_PEXT, N_TYPE, N_EXT, N_UNDF = 0xe0, 0x10, 0x0e, 0x01, 0x00
N_WEAK_REF = 0x40


class Damaged(Exception):
    """The file is damaged, or is not of the expected kind."""


def version(number):
    return number >> 16, number >> 8 & 0xff, number & 0xff


class File:
    """One Mach-O file for one processor."""

    def __init__(self, name, data):
        self.name, self.data = name, data
        try:
            self.read()
        except (struct.error, ValueError, IndexError) as error:
            raise Damaged(f'{name} is damaged: {error}') from error

    def read(self):
        magic, cpu, _, self.type, count, _, _, _ = struct.unpack_from('<8I', self.data)
        if magic != 0xfeedfacf or cpu not in CPUS:
            raise Damaged(f'{self.name} is not a Mach-O file for arm64 or x86-64')
        self.architecture = CPUS[cpu]
        self.platform = self.minimum = self.uuid = self.install_name = self.signature = None
        self.libraries, self.rpaths, self.symbols, self.trie = [], [], [], b''
        at = 32
        for _ in range(count):
            command, size = struct.unpack_from('<2I', self.data, at)
            if size < 8:
                raise ValueError('a load command is too short')
            self.command(command, at, self.data[at:at + size])
            at += size

    def command(self, command, at, data):
        def text():
            offset, = struct.unpack_from('<I', data, 8)
            return data[offset:].split(b'\0')[0].decode()

        if command == LC_BUILD_VERSION:
            self.platform, minimum = struct.unpack_from('<2I', data, 8)
            self.minimum = version(minimum)
        elif command in LC_VERSION_MINS:
            self.platform, self.minimum = LC_VERSION_MINS[command], version(struct.unpack_from('<I', data, 8)[0])
        elif command == LC_UUID:
            self.uuid = data[8:24].hex()
        elif command == LC_ID_DYLIB:
            self.install_name = text()
        elif command in (LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB):
            self.libraries.append(text())
        elif command == LC_RPATH:
            self.rpaths.append(text())
        elif command == LC_SYMTAB:
            self.symbols = list(self.read_symbols(*struct.unpack_from('<4I', data, 8)))
        elif command in (LC_DYLD_INFO, LC_DYLD_INFO_ONLY):
            offset, size = struct.unpack_from('<2I', data, 40)
            self.trie = self.data[offset:offset + size]
        elif command == LC_DYLD_EXPORTS_TRIE:
            offset, size = struct.unpack_from('<2I', data, 8)
            self.trie = self.data[offset:offset + size]
        elif command == LC_CODE_SIGNATURE:
            self.signature = struct.unpack_from('<2I', data, 8)

    def read_symbols(self, offset, count, strings, size):
        table = self.data[strings:strings + size]
        for i in range(count):
            name, kind, _, description, _ = struct.unpack_from('<IBBHQ', self.data, offset + 16 * i)
            if not kind & N_STAB:
                yield table[name:table.index(b'\0', name)].decode(), kind, description

    def undefined(self):
        """Returns the needed symbols, each with the library in which it is looked up (0: no library is named)."""
        return {name: description >> 8 for name, kind, description in self.symbols
                if kind & N_TYPE == N_UNDF and kind & N_EXT}

    def defined(self):
        """Returns the symbols that are visible to other files."""
        return {name for name, kind, _ in self.symbols if kind & N_TYPE != N_UNDF and kind & N_EXT and not kind & N_PEXT}

    def exports(self):
        """Returns the symbols that the dynamic linker finds."""
        found = set()

        def number(at):
            value = shift = 0
            while True:
                byte = self.trie[at]
                value |= (byte & 0x7f) << shift
                at, shift = at + 1, shift + 7
                if byte < 0x80:
                    return value, at

        def node(at, prefix):
            size, at = number(at)
            if size:
                found.add(prefix.decode())
            at += size
            children, at = self.trie[at], at + 1
            for _ in range(children):
                end = self.trie.index(b'\0', at)
                label = self.trie[at:end]
                child, at = number(end + 1)
                node(child, prefix + label)

        try:
            if self.trie:
                node(0, b'')
        except (IndexError, ValueError, RecursionError) as error:
            raise Damaged(f'{self.name} has a damaged table of exports: {error}') from error
        return found

    def check_signature(self):
        """Raises Damaged if the file has no signature that matches its bytes. arm64 runs no code without a signature."""
        if not self.signature:
            raise Damaged('is not signed')
        start, size = self.signature
        blob = self.data[start:start + size]
        try:
            magic, _, count = struct.unpack_from('>3I', blob)
            if magic != 0xfade0cc0:
                raise Damaged('has a damaged signature')
            for i in range(count):
                offset, = struct.unpack_from('>I', blob, 16 + 8 * i)
                directory = blob[offset:]
                if struct.unpack_from('>I', directory)[0] == 0xfade0c02:
                    return self.check_hashes(directory)
        except struct.error as error:
            raise Damaged(f'has a damaged signature: {error}') from error
        raise Damaged('has a signature without hashes')

    def check_hashes(self, directory):
        hashes, _, _, slots, limit = struct.unpack_from('>5I', directory, 16)
        size, kind, _, page = struct.unpack_from('>4B', directory, 36)
        if (size, kind) != (32, 2):
            raise Damaged('has hashes other than SHA-256 in its signature')
        if limit != self.signature[0]:
            raise Damaged('has a signature of other bytes: sign it again')
        for i in range(slots):
            part = self.data[i << page:min((i + 1) << page, limit)]
            if hashlib.sha256(part).digest() != directory[hashes + 32 * i:hashes + 32 * (i + 1)]:
                raise Damaged('was changed after it was signed: sign it again')


def members(data):
    """Yields (name, contents) for each member of an archive."""
    at = 8
    while at + 60 <= len(data):
        header = data[at:at + 60]
        size, name = int(header[48:58]), header[:16].decode().strip()
        contents = data[at + 60:at + 60 + size]
        at += 60 + size + size % 2
        if name.startswith('#1/'):
            length = int(name[3:])
            name, contents = contents[:length].rstrip(b'\0').decode(), contents[length:]
        name = name.rstrip('/')
        if name and not name.startswith('__.SYMDEF'):
            yield name, contents


class Archive:
    """A static library for one processor."""

    def __init__(self, name, data):
        self.name = name
        self.files = [File(f'{name}({member})', contents) for member, contents in members(data)]
        if not self.files:
            raise Damaged(f'{name} has no object')
        self.architecture = self.files[0].architecture


def slices(path):
    """Returns the contents of a file, a File or an Archive for each processor."""
    path = pathlib.Path(path)
    data = path.read_bytes()
    parts = [data]
    if data[:4] == b'\xca\xfe\xba\xbe':
        count, = struct.unpack_from('>I', data, 4)
        arches = [struct.unpack_from('>5I', data, 8 + 20 * i) for i in range(count)]
        parts = [data[offset:offset + size] for _, _, offset, size, _ in arches]
    return [Archive(path.name, part) if part[:8] == b'!<arch>\n' else File(path.name, part) for part in parts]
