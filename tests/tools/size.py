#!/usr/bin/env python3
"""size.py LIBRARY [LIMIT]: prints the parts of a shared library, in bytes of the released file, by section and by crate.

LIBRARY is not stripped, and its symbols are mangled with Rust's v0 scheme. That scheme names the types of a generic function: such a
function counts for the first crate in its name that does not belong to the standard library. Most constants, unwind tables and
relocations have no name: they are listed by section only. The script fails if the stripped library is larger than LIMIT bytes.
"""
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

STANDARD = {'alloc', 'compiler_builtins', 'core', 'hashbrown', 'memchr', 'panic_unwind', 'rustc_literal_escaper', 'std', 'std_detect',
            '__rustc'}
SYMBOLISER = {'addr2line', 'adler2', 'gimli', 'miniz_oxide', 'object', 'rustc_demangle'}
"""The crates that std uses to print backtraces of panics. All of them count as std: if one of our crates used one, it would be counted here."""
SMALLEST_ROW = 2000


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def stripped_size(library):
    with tempfile.NamedTemporaryFile() as stripped:
        output('strip', '--strip-unneeded', '-o', stripped.name, library)
        return pathlib.Path(stripped.name).stat().st_size


def sections(library):
    """Returns the name and size of each section that is in the file and stays when it is stripped."""
    row = re.compile(r'\s*\[ *\d+\] (\S+)\s+(\S+)\s+[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+\s+([A-Z]*)', re.ASCII)
    for line in output('readelf', '--sections', '--wide', library).splitlines():
        found = row.match(line)
        if found and found[2] != 'NOBITS' and 'A' in found[4]:
            yield found[1], int(found[3], 16)


def crate_of(symbol):
    if symbol.startswith('egret_ws_'):
        return 'egret_ws'
    crates = re.findall(r'(?<![\w:>])([a-z_]\w*)::', symbol)
    named = next((crate for crate in crates if crate not in STANDARD), 'std')
    return 'std, backtraces' if named in SYMBOLISER or 'backtrace_rs' in symbol else named


def code(library):
    """Returns the bytes of functions and of named constants, by crate."""
    sizes, seen = collections.Counter(), set()
    for line in output('nm', '--print-size', '--demangle', '--defined-only', library).splitlines():
        address, size, kind, symbol = (line.split(' ', 3) + [''] * 3)[:4]
        if kind in 'TtRrWw' and symbol and address not in seen:
            seen.add(address)
            sizes[crate_of(symbol)] += int(size, 16)
    return sizes


def table(title, rows):
    print(f'| {title} | bytes |\n|---|---:|')
    rest = 0
    for name, size in sorted(rows, key=lambda row: -row[1]):
        if size < SMALLEST_ROW:
            rest += size
        else:
            print(f'| {name} | {size:,} |')
    print(f'| others | {rest:,} |\n')


def main():
    library, *limit = sys.argv[1:]
    size = stripped_size(library)
    table('section', sections(library))
    table('crate: code and named constants', code(library).items())
    print(f'{size:,} bytes stripped')
    if limit and size > int(limit[0]):
        sys.exit(f'size.py: that is more than {int(limit[0]):,}: make it smaller, or say in docs/size.md what the room is for')


if __name__ == '__main__':
    main()
