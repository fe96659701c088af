#!/usr/bin/env python3
"""one_object.py LIBRARY.a OUT.a [--strip-debug]: makes a static library with one object, which shows only the functions of the header.

The library of rustc shows symbols of Rust's standard library and of OpenSSL. Therefore it cannot be linked together with another static
Rust library (`rust_eh_personality` is defined twice) or another OpenSSL. This script joins the objects by a relocatable link, and makes
all symbols except `egret_ws_*` local. Objects that the functions of the header do not need are left out. On Windows the parts that
import functions of DLLs stay separate files, because the linker sorts them by name.

It uses ld and objcopy of GNU or LLVM; the environment variables LD and OBJCOPY select them. For macOS and iOS it uses Apple's ld. On
other machines than a Mac, it uses llvm-objcopy for these systems; then the library must be built with link-time optimisation and so
already have one object. OUT.a may be LIBRARY.a.
"""

import argparse
import os
import platform
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import objects  # noqa: E402

HEADER = Path(__file__).parent.parent / 'include' / 'egret_ws.h'
# The machine in an object, and the prefix of a cross-compiler's tools.
ELF_MACHINES = {3: 'i686', 40: 'arm', 62: 'x86_64', 183: 'aarch64', 243: 'riscv64', 21: 'powerpc64le'}
COFF_MACHINES = {0x14c: 'i686', 0x8664: 'x86_64', 0xaa64: 'aarch64'}
MACHO_MACHINES = {0x1000007: 'x86_64', 0x100000c: 'arm64'}
# Functions that compilers call, and that Apple's libSystem contains.
SYSTEM_BUILTINS = re.compile(
    r'_(mem(cpy|move|set|cmp)|bcmp|strlen|__(u?(div|mod)[dt]i3|udivmod[dt]i4|mul[dt]i3|mulo[sdt]i4|(ashl|ashr|lshr)[dt]i3'
    r'|(clz|ctz|popcount|parity)[sdt]i2|powi[sd]f2|fix(uns)?[sd]f[dt]i|float(un)?[dt]i[sd]f))')


class Failure(Exception):
    """A message for the user."""


def functions():
    """Returns the functions that the header declares."""
    found = re.findall(r'^(?!typedef)[a-z][^(\n]*?(egret_ws_\w+)\(', HEADER.read_text(), re.MULTILINE)
    if not found:
        raise Failure('no function was found in %s' % HEADER)
    return sorted(set(found))


def run(command):
    """Runs a tool. The tool must succeed."""
    command = [str(word) for word in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    if done.returncode:
        output = done.stdout.strip().splitlines()
        raise Failure('%s failed:\n%s' % (' '.join(command)[:300], '\n'.join(output[:20])))


def tool(variable, names, advice):
    """Returns the words of a command: the command in an environment variable, or the first of these names that exists."""
    if os.environ.get(variable):
        return shlex.split(os.environ[variable])
    for name in names:
        path = shutil.which(name)
        if path:
            return [path]
    names = dict.fromkeys(re.sub(r'-[0-9]+$', '', name) for name in names)
    raise Failure('there is no %s here; %s, or set %s' % (' and no '.join(names), advice, variable))


def with_versions(name):
    """Debian's names of LLVM's tools contain a version. The newest one is used; 18 and older do not have the needed features."""
    return ['%s-%d' % (name, version) for version in range(40, 18, -1)] + [name]


def rust_tool(name):
    """Returns a tool of rustup's toolchain."""
    try:
        root = subprocess.run(['rustc', '--print', 'sysroot'], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return []
    return [str(path) for path in Path(root).glob('lib/rustlib/*/bin/' + name)]


def is_native(machine):
    return platform.machine().lower().replace('amd64', 'x86_64').replace('arm64', 'aarch64') == machine


def linked_elf(library, _, names, folder, machine, strip):
    cpu = ELF_MACHINES.get(machine)
    if not cpu:
        raise Failure('machine %d of ELF is not known here' % machine)
    # GNU's tools are installed with each gcc, but support one machine. LLVM's tools support all machines, and are faster for arm64.
    linkers, copiers = with_versions('ld.lld'), with_versions('llvm-objcopy') + rust_tool('rust-objcopy')
    if sys.platform.startswith('linux') and is_native(cpu):
        linkers, copiers = ['ld'] + linkers, ['objcopy'] + copiers
    else:
        for abi in ('gnu', 'gnueabihf', 'gnueabi'):
            linkers.append('%s-linux-%s-ld' % (cpu, abi))
            copiers.append('%s-linux-%s-objcopy' % (cpu, abi))
    advice = 'install the binutils for %s, or LLVM 19 or newer' % cpu
    linker, objcopy = tool('LD', linkers, advice), tool('OBJCOPY', copiers, advice)
    linked, out = folder / 'linked.o', folder / 'out.o'
    # Groups are removed, because the linker would use a group of another library with an equal name in place of ours. With `-d`,
    # variables that assembler code declares as common (OpenSSL's OPENSSL_ia32cap_P) are allocated here; LLD does not support
    # this.
    link(linker + ['-r', '-d', '--force-group-allocation'], names, library, linked)
    # Compiler-builtins contain LLVM bitcode. With it, tools would treat the object as an object for link-time optimisation.
    run(objcopy + ['--keep-global-symbols', list_file(names, folder), '--remove-section=.llvmbc', '--remove-section=.llvmcmd']
        + strip + [linked, out])
    return out.read_bytes()


def linked_coff(_, files, names, folder, machine, strip):
    cpu = COFF_MACHINES[machine]
    prefix = '_' if cpu == 'i686' else ''
    names = [prefix + name for name in names]
    tools = [cpu + '-w64-mingw32-%s'] + (['%s'] if sys.platform in ('win32', 'cygwin') else [])
    advice = "install the binutils of MinGW-w64 (Microsoft's linker and LLVM's cannot make one object)"
    linker = tool('LD', [name % 'ld' for name in tools], advice)
    objcopy = tool('OBJCOPY', [name % 'objcopy' for name in tools], advice)
    # GNU's ld fails in a relocatable link if this symbol exists, because it searches the directory of thread-local variables there.
    tls, other = prefix + '_tls_used', prefix + 'egret_ws_tls_used'
    renamed = []
    for name, contents in files:
        if tls in objects.symbols(contents)[1]:
            part = folder / 'part.o'
            part.write_bytes(contents)
            run(objcopy + ['--redefine-sym', '%s=%s' % (tls, other), part])
            contents = part.read_bytes()
        renamed.append((name, contents))
    library, linked, out = folder / 'objects.a', folder / 'linked.o', folder / 'out.o'
    library.write_bytes(objects.static_library(renamed))
    # Sections are not joined, because a section with more than 65535 relocations cannot be read again.
    link(linker + ['-r', '--unique=*'], names, library, linked)
    # As for ELF. Also, GNU's ld would place these sections of a program below its first address, and Windows would refuse the
    # program.
    run(objcopy + ['--redefine-sym', '%s=%s' % (other, tls), '--keep-global-symbols', list_file(names, folder)]
        + ['--remove-section=.llvmbc', '--remove-section=.llvmcmd'] + strip + [linked, out])
    # COMDAT is removed, because the linker would use a section of another library with an equal name in place of ours.
    contents = bytearray(out.read_bytes())
    for at, _ in objects.coff_sections(contents):
        contents[at + 37] &= ~0x10  # IMAGE_SCN_LNK_COMDAT, 0x1000
    return bytes(contents)


def linked_macho(library, files, names, folder, machine, strip):
    if machine not in MACHO_MACHINES:
        raise Failure('machine %#x of Mach-O is not known here' % machine)
    names = ['_' + name for name in names]
    out = folder / 'out.o'
    if sys.platform == 'darwin':
        linker = tool('LD', ['ld'], 'install the command line tools of Xcode')
        options = ['-r', '-arch', MACHO_MACHINES[machine], '-exported_symbols_list', list_file(names, folder)]
        link(linker + options + (['-S'] if strip else []), names, library, out)
        return out.read_bytes()
    # No other linker makes one Mach-O object in which unwinding of exceptions still works. Link-time optimisation also makes one
    # object.
    builtins = [file for file in files if file[0].startswith('compiler_builtins')]
    files = needed([file for file in files if not file[0].startswith('compiler_builtins')], names)
    defined, undefined = (set().union(*parts) for parts in zip(*(objects.symbols(contents) for _, contents in files)))
    lost = {name for _, contents in builtins for name in objects.symbols(contents)[0] & (undefined - defined)}
    lost = sorted(name for name in lost if not SYSTEM_BUILTINS.fullmatch(name))
    if len(files) != 1 or lost:
        raise Failure('%d objects%s cannot become one without a Mac; build with link-time optimisation (cargo clib --release)'
                      % (len(files) + bool(lost), ' and %s' % ' '.join(lost[:5]) if lost else ''))
    objcopy = tool('OBJCOPY', with_versions('llvm-objcopy') + rust_tool('rust-objcopy'), 'install LLVM 19 or newer')
    linked = folder / 'linked.o'
    linked.write_bytes(files[0][1])
    run(objcopy + ['--keep-global-symbols', list_file(names, folder)] + strip + [linked, out])
    return out.read_bytes()


def link(command, names, library, out):
    """Makes a relocatable link of the members that these names need."""
    run(command + ['-o', out] + [word for name in names for word in ('-u', name)] + [library])
    lacking = set(names) - objects.symbols(out.read_bytes())[0]
    if lacking:
        raise Failure('it lacks functions of the header: %s' % ' '.join(sorted(lacking)[:10]))


def list_file(names, folder):
    path = folder / 'symbols'
    path.write_text(''.join(name + '\n' for name in names))
    return path


def is_import(contents):
    """Returns whether this is a part of a DLL's import library. The linker makes the table of imports from such parts."""
    return objects.is_short_import(contents) or any(name.startswith('.idata$') for _, name in objects.coff_sections(contents))


def needed(files, names):
    """Returns the files that define these names, and the files that they need, in the original order."""
    places, tables = {}, [objects.symbols(contents) for _, contents in files]
    for number, (defined, _) in enumerate(tables):
        for name in defined:
            places.setdefault(name, number)
    taken, names = set(), list(names)
    while names:
        number = places.get(names.pop())
        if number is not None and number not in taken:
            taken.add(number)
            names += tables[number][1]
    return [files[number] for number in sorted(taken)]


def one_object(library, strip_debug):
    """Returns the contents of the new library."""
    files = objects.members(library.read_bytes())
    kinds = {objects.kind(contents) for _, contents in files} - {(None, None)}
    if len(kinds) != 1:
        raise Failure('%s has no object that is known here, or objects of several kinds' % library)
    (format_, machine), = kinds
    files = [(name, contents) for name, contents in files if objects.kind(contents)[0]]
    imports = []
    if format_ == objects.COFF:
        imports = [file for file in files if is_import(file[1])]
        files = [file for file in files if not is_import(file[1])]
    names = functions()
    if len(files) == 1 and not strip_debug and objects.symbols(files[0][1])[0] == shown(names, format_, machine):
        return library.read_bytes()  # this script has already made it
    strip = ['--strip-debug'] if strip_debug else []
    with tempfile.TemporaryDirectory(prefix='egret_ws-') as folder:
        make = {objects.ELF: linked_elf, objects.MACHO: linked_macho, objects.COFF: linked_coff}[format_]
        contents = make(library, files, names, Path(folder), machine, strip)
    check(contents, shown(names, format_, machine))
    return objects.static_library([('egret_ws.o', contents)] + needed(imports, objects.symbols(contents)[1]))


def shown(names, format_, machine):
    """Returns the names as symbols."""
    has_prefix = format_ == objects.MACHO or format_ == objects.COFF and machine == 0x14c
    return {'_' + name for name in names} if has_prefix else set(names)


def check(contents, wanted):
    """Checks that the object shows exactly the functions of the header."""
    found = objects.symbols(contents)[0]
    if found != wanted:
        raise Failure('the object has symbols that the header does not declare: %s; and lacks functions of the header: %s'
                      " (LLD leaves common symbols of assembler code: GNU's linker in LD does not)"
                      % (' '.join(sorted(found - wanted)[:10]) or '-', ' '.join(sorted(wanted - found)[:10]) or '-'))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('library', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--strip-debug', action='store_true', help='leave out debug information')
    options = parser.parse_args()
    try:
        contents = one_object(options.library, options.strip_debug)
    except (Failure, ValueError, OSError) as error:
        sys.exit('one_object.py: %s: %s' % (options.library, error))
    except (struct.error, IndexError, KeyError, OverflowError) as error:
        sys.exit('one_object.py: %s: it is damaged: an object in it cannot be read: %s' % (options.library, error))
    new = options.out.with_name(options.out.name + '.new')
    try:
        new.write_bytes(contents)
        new.replace(options.out)
    except OSError as error:
        sys.exit('one_object.py: %s cannot be written: %s' % (options.out, error))


if __name__ == '__main__':
    main()
