#!/usr/bin/env python3
"""one_object.py LIBRARY.a OUT.a [--strip-debug]: makes a static library with one object, which shows only the functions of the header.

The library of rustc shows symbols of Rust's standard library and of OpenSSL. So it cannot be linked beside another static library
of Rust (`rust_eh_personality` is defined twice) or another OpenSSL. Here the objects become one by a relocatable link, and all
symbols but `egret_ws_*` become local. Objects that the functions of the header do not need are left out. On Windows the parts that
import functions of DLLs stay files of their own, because the linker sorts them by name.

It uses ld and objcopy, of GNU or LLVM; LD and OBJCOPY in the environment choose them. For macOS and iOS it uses Apple's ld, or where
there is none zig's linker (ZIG in the environment, or `zig` of PyPI's package ziglang) and llvm-objcopy.
OUT.a may be LIBRARY.a.
"""

import argparse
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import objects

HEADER = Path(__file__).parent.parent / 'include' / 'egret_ws.h'
# The machine in an object, and the prefix of a cross-compiler's tools.
ELF_MACHINES = {3: 'i686', 40: 'arm', 62: 'x86_64', 183: 'aarch64', 243: 'riscv64', 21: 'powerpc64le'}
COFF_MACHINES = {0x14c: 'i686', 0x8664: 'x86_64', 0xaa64: 'aarch64'}


class Failure(Exception):
    """A message for the user."""


def functions():
    """The functions that the header declares."""
    found = re.findall(r'^(?!typedef)[a-z][^(\n]*?(egret_ws_\w+)\(', HEADER.read_text(), re.MULTILINE)
    if not found:
        raise Failure('no function was found in %s' % HEADER)
    return sorted(set(found))


def run(command):
    """Runs a tool, which must succeed."""
    command = [str(word) for word in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    if done.returncode:
        output = done.stdout.strip().splitlines()
        raise Failure('%s failed:\n%s' % (' '.join(command)[:300], '\n'.join(output[:20])))


def tool(variable, names, advice):
    """The words of a command: that of an environment variable, or the first of these names that exists."""
    if os.environ.get(variable):
        return shlex.split(os.environ[variable])
    for name in names:
        path = shutil.which(name)
        if path:
            return [path]
    raise Failure('there is no %s here; %s, or set %s' % (' and no '.join(names), advice, variable))


def with_versions(name):
    """Debian's names of LLVM's tools contain a version. The newest one is taken."""
    return ['%s-%d' % (name, version) for version in range(40, 17, -1)] + [name]


def rust_tool(name):
    """A tool that rustup's toolchain contains."""
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
    # GNU's tools exist beside each gcc, but for one machine only; LLVM's tools know all machines.
    gnu = [] if not (is_native(cpu) and sys.platform.startswith('linux')) else ['ld'], ['objcopy']
    cross = ['%s-linux-%s-%%s' % (cpu, abi) for abi in ('gnu', 'gnueabihf', 'gnueabi')]
    gnu = gnu if gnu[0] else ([name % 'ld' for name in cross], [name % 'objcopy' for name in cross])
    advice = 'install the binutils for %s, or LLVM 19 or newer' % cpu
    linker = tool('LD', gnu[0] + with_versions('ld.lld'), advice)
    objcopy = tool('OBJCOPY', gnu[1] + with_versions('llvm-objcopy') + rust_tool('rust-objcopy'), advice)
    linked, out = folder / 'linked.o', folder / 'out.o'
    # Without groups: the linker would take a group of another library with an equal name in place of ours.
    run(linker + ['-r', '--force-group-allocation', '-o', linked] + [word for name in names for word in ('-u', name)] + [library])
    # Compiler-builtins contain bitcode of LLVM, by which tools would take the object for one of link-time optimisation.
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
    # GNU's ld fails in a relocatable link if this symbol exists: it searches the directory of thread-local variables there.
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
    # Sections stay apart, because a section with more than 65535 relocations is not read again.
    run(linker + ['-r', '--unique=*', '-o', linked] + [word for name in names for word in ('-u', name)] + [library])
    run(objcopy + ['--redefine-sym', '%s=%s' % (other, tls), '--keep-global-symbols', list_file(names, folder)]
        + strip + [linked, out])
    # Without COMDAT: the linker would take a section of another library with an equal name in place of ours.
    contents = bytearray(out.read_bytes())
    for at, _ in objects.coff_sections(contents):
        contents[at + 37] &= ~0x10  # IMAGE_SCN_LNK_COMDAT, 0x1000
    return bytes(contents)


def linked_macho(library, files, names, folder, machine, strip):
    names = ['_' + name for name in names]
    cpu = {0x100000c: 'aarch64', 0x1000007: 'x86_64'}.get(machine)
    if not cpu:
        raise Failure('machine %#x of Mach-O is not known here' % machine)
    linked, out = folder / 'linked.o', folder / 'out.o'
    wanted = [word for name in names for word in ('-u', name)]
    if sys.platform == 'darwin':
        linker = tool('LD', ['ld'], 'install the command line tools of Xcode')
        run(linker + ['-r', '-arch', 'arm64' if cpu == 'aarch64' else cpu, '-exported_symbols_list', list_file(names, folder)]
            + (['-S'] if strip else []) + ['-o', out] + wanted + [library])
        return out.read_bytes()
    zig = tool('ZIG', ['zig', 'python-zig'], 'install zig: pip install ziglang')
    objcopy = tool('OBJCOPY', with_versions('llvm-objcopy') + rust_tool('rust-objcopy'), 'install LLVM')
    # zig takes no member of a static library here, and it only copies a single object.
    paths = []
    for name, contents in needed(files, names):
        paths.append(folder / ('%d.o' % len(paths)))
        paths[-1].write_bytes(contents)
    if len(paths) == 1:
        linked = paths[0]
    else:
        run(zig + ['build-obj', '-target', cpu + '-macos', '-femit-bin=%s' % linked] + paths)
    run(objcopy + ['--keep-global-symbols', list_file(names, folder)] + strip + [linked, out])
    return out.read_bytes()


def list_file(names, folder):
    path = folder / 'symbols'
    path.write_text(''.join(name + '\n' for name in names))
    return path


def is_import(contents):
    """A part of a DLL's import library: the linker makes the table of imports of such parts."""
    return objects.is_short_import(contents) or any(name.startswith('.idata$') for _, name in objects.coff_sections(contents))


def needed(files, names):
    """Those of the files that define these names, and those that these need, in their order."""
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
    """The contents of the new library."""
    files = objects.members(library.read_bytes())
    kinds = {objects.kind(contents) for _, contents in files} - {(None, None)}
    if len(kinds) != 1:
        raise Failure('%s has no object that is known here, or objects of several kinds' % library)
    (format_, machine), = kinds
    files = [(name, contents) for name, contents in files if objects.kind(contents)[0]]
    imports = [file for file in files if format_ == objects.COFF and is_import(file[1])]
    files = [file for file in files if file not in imports] if imports else files
    names = functions()
    strip = ['--strip-debug'] if strip_debug else []
    with tempfile.TemporaryDirectory(prefix='egret_ws-') as folder:
        link = {objects.ELF: linked_elf, objects.MACHO: linked_macho, objects.COFF: linked_coff}[format_]
        contents = link(library, files, names, Path(folder), machine, strip)
    check(contents, names, format_, machine)
    return objects.static_library([('egret_ws.o', contents)] + needed(imports, objects.symbols(contents)[1]))


def check(contents, names, format_, machine):
    """The object shows the functions of the header, and nothing else."""
    prefix = '_' if format_ == objects.MACHO or format_ == objects.COFF and machine == 0x14c else ''
    wanted = {prefix + name for name in names}
    shown = objects.symbols(contents)[0]
    if shown != wanted:
        raise Failure('the object shows too much: %s; and lacks: %s'
                      % (' '.join(sorted(shown - wanted)[:10]) or '-', ' '.join(sorted(wanted - shown)[:10]) or '-'))


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
    new = options.out.with_name(options.out.name + '.new')
    new.write_bytes(contents)
    new.replace(options.out)


if __name__ == '__main__':
    main()
