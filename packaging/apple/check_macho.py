#!/usr/bin/env python3
"""check_macho.py --platform NAME [OPTION...] FILE...: checks libraries for Apple's systems.

FILE is a dynamic or a static library for one or several processors. Only devices and the App Store would find these faults otherwise.
Every fault is printed, and the exit status is then 1. The checks are:

- the processors, the platform and the oldest system (platforms.py), also of each object of a static library
- the exports: the functions of include/egret_ws.h, and no others
- the used symbols of the system, which symbols.txt lists, and the used libraries of the system
- for a dynamic library: its install name, its signature, and its UUID, which must be equal in its dSYM
- texts that the library must not contain, such as a path of the build machine

--not-optimised: then a static library also contains functions that nothing calls, which the linker of a program leaves out. Therefore
the used symbols are not checked.
"""
import argparse
import pathlib
import re
import sys

import macho
import platforms
import symbols

HEADER = pathlib.Path(__file__).resolve().parents[2] / 'include/egret_ws.h'


def functions():
    # On Apple's systems, symbols of C begin with an underscore.
    return {f'_{name}' for name in re.findall(r'^(?!typedef)[a-z][^(\n]*?(egret_ws_\w+)\(', HEADER.read_text(), re.MULTILINE)}


def written(version):
    return '.'.join(str(part) for part in version)


def faults_of_system(file, platform, exact):
    """Checks the platform and the oldest system. An object may be for an older system than the library."""
    wanted = platforms.number_of(platform.targets[file.architecture][1])
    if file.platform is None:
        yield 'does not name its platform'
    elif file.platform != platform.number:
        yield f'is for platform {file.platform}, not for {platform.number} ({platform.name})'
    elif file.minimum > wanted or exact and file.minimum != wanted:
        yield f'needs version {written(file.minimum)} of the system, not {written(wanted)}'


def faults_of_names(found):
    wanted = functions()
    for name in sorted(wanted - found):
        yield f'does not export {name}'
    for name in sorted(found - wanted):
        yield f'exports {name}, which is not in the header'


def faults_of_needs(needed, platform, architecture):
    """Checks the needed symbols. `needed` contains each symbol with its library or None."""
    allowed = symbols.allowed(platform, architecture)
    known = set().union(*allowed.values())
    for name, library in sorted(needed.items()):
        if name not in known:
            yield f'uses {name}, which symbols.txt does not list for {platform.name} on {architecture}'
        elif library and name not in allowed.get(library, ()):
            yield f'takes {name} from {library}, and symbols.txt lists it elsewhere'


def faults_of_dynamic(file, platform, install_name, uuids):
    if file.install_name != install_name:
        yield f'calls itself {file.install_name}, not {install_name}'
    if file.rpaths:
        yield f'names folders to load libraries from: {", ".join(file.rpaths)}'
    by_path = {symbols.install_name(library, platform): library for library in symbols.LIBRARIES}
    for path in file.libraries:
        if path not in by_path:
            yield f'needs the library {path}'
    undefined = file.undefined()
    ordinals = [by_path.get(path) for path in file.libraries]
    needed = {name: ordinals[number - 1] if 0 < number <= len(ordinals) else None for name, number in undefined.items()}
    yield from faults_of_needs(needed, platform, file.architecture)
    unused = {by_path[path] for path in file.libraries if path in by_path} - set(needed.values())
    for library in sorted(unused):
        yield f'names {library} and uses nothing of it'
    yield from faults_of_names(file.exports())
    try:
        file.check_signature()
    except macho.Damaged as error:
        yield str(error)
    if not file.uuid:
        yield 'has no UUID, by which crash reports find its dSYM'
    elif uuids is not None and uuids.get(file.architecture) != file.uuid:
        yield f'has the UUID {file.uuid}, and its dSYM has {uuids.get(file.architecture)}'


def faults(path, platform, install_name, uuids, forbidden, is_optimised=True):
    """Yields (name, fault) for each fault of a library."""
    parts = macho.slices(path)
    architectures = [part.architecture for part in parts]
    if sorted(architectures) != sorted(platform.targets):
        yield path, f'is for {", ".join(architectures)}, and {platform.name} needs {", ".join(platform.targets)}'
        return
    for part in parts:
        name = f'{path} ({part.architecture})'
        if isinstance(part, macho.Archive):
            defined, undefined = set(), {}
            for file in part.files:
                for fault in faults_of_system(file, platform, exact=False):
                    yield f'{path}: {file.name}', fault
                defined |= {symbol for symbol, kind, _ in file.symbols if kind & macho.N_TYPE and kind & macho.N_EXT}
                undefined.update(dict.fromkeys(file.undefined()))
            found = set().union(*(file.defined() for file in part.files))
            needed = {symbol: None for symbol in undefined if is_optimised and symbol not in defined}
            yield from ((name, fault) for fault in (*faults_of_names(found), *faults_of_needs(needed, platform, part.architecture)))
        elif part.type != macho.MH_DYLIB:
            yield name, 'is neither a dynamic nor a static library'
        else:
            yield from ((name, fault) for fault in (*faults_of_system(part, platform, exact=True),
                                                    *faults_of_dynamic(part, platform, install_name, uuids)))
    data = pathlib.Path(path).read_bytes()
    for text in forbidden:
        if text.encode() in data:
            yield path, f'contains {text}'


def uuids_of(folder):
    """Returns the UUIDs in a dSYM, by processor."""
    found = {}
    for path in (pathlib.Path(folder) / 'Contents/Resources/DWARF').iterdir():
        found.update({part.architecture: part.uuid for part in macho.slices(path)})
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--platform', required=True, choices=platforms.BY_NAME)
    parser.add_argument('--install-name', default='@rpath/libegret_ws.dylib')
    parser.add_argument('--dsym', type=pathlib.Path)
    parser.add_argument('--forbid', action='append', default=[])
    parser.add_argument('--not-optimised', action='store_true')
    parser.add_argument('files', nargs='+', metavar='FILE')
    arguments = parser.parse_args()
    found = []
    for path in arguments.files:
        try:
            uuids = uuids_of(arguments.dsym) if arguments.dsym else None
            found += faults(path, platforms.BY_NAME[arguments.platform], arguments.install_name, uuids, arguments.forbid,
                            not arguments.not_optimised)
        except (macho.Damaged, OSError) as error:
            found.append((path, f'cannot be checked: {error}'))
    for name, fault in found:
        print(f'check_macho.py: {name} {fault}', file=sys.stderr)
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
