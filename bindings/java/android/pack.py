#!/usr/bin/env python3
"""pack.py PARTS OUT: packs the parts that build_aar.sh has built in the folder PARTS, and writes to the folder OUT:

egret-websocket.aar       the classes, jni/ABI/*.so, the rules for R8, and prefab/: the header and the library for C and C++
native-debug-symbols.zip  the libraries with their symbols, for crash reports
maven/                    a repository for Gradle and Maven, with the AAR, its sources and its Javadoc
THIRD-PARTY-NOTICES.txt   the licences of everything that is linked into the library; the AAR contains it, too

PARTS contains classes.jar, javadoc/, notices.txt, ndk (the major version of the NDK), jni/ABI/*.so (stripped) and
symbols/ABI/*.so. Equal parts give equal files.
"""
import json
import pathlib
import re
import shutil
import sys

import check_so
import maven

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.append(str(ROOT / 'packaging/dist'))
from archive import files_in, write_zip  # noqa: E402: found by the line above

ARTIFACT = 'egret-websocket'
DESCRIPTION = 'The WebSocket of native Egret game shells, for Java, Kotlin and C++ on Android'
MODULE = 'egret_ws'


def version():
    return re.search(r'^version = "(.*)"', (ROOT / 'Cargo.toml').read_text(), re.MULTILINE)[1]


def min_sdk():
    return int(re.search(r'minSdkVersion="(\d+)"', (HERE / 'AndroidManifest.xml').read_text())[1])


def prefab(parts):
    """The Prefab package, which the Android Gradle plugin converts to a CMake package: find_package(egret_ws), egret_ws::egret_ws.

    It follows schema 2 of https://google.github.io/prefab, which has no other keys.
    """
    def as_json(value):
        return json.dumps(value, indent=2).encode() + b'\n'

    module = f'prefab/modules/{MODULE}'
    # A version in CMake consists only of numbers.
    number = re.match(r'\d+(\.\d+){0,3}', version())[0]
    entries = {
        'prefab/prefab.json': as_json({'schema_version': 2, 'name': MODULE, 'version': number, 'dependencies': []}),
        f'{module}/module.json': as_json({'export_libraries': [], 'library_name': f'lib{MODULE}', 'android': {}}),
        f'{module}/include/egret_ws.h': ROOT / 'include/egret_ws.h',
        f'{module}/include/egret_ws.hpp': ROOT / 'bindings/cpp/egret_ws.hpp',
        **files_in(ROOT / 'bindings/cpp/egret_ws', f'{module}/include/egret_ws/'),
    }
    for abi in sorted(path.name for path in (parts / 'jni').iterdir()):
        folder = f'{module}/libs/android.{abi}'
        # No STL, because its interface is C, and the C++ part is header-only.
        entries[f'{folder}/abi.json'] = as_json(
            {'abi': abi, 'api': min_sdk(), 'ndk': int((parts / 'ndk').read_text()), 'stl': 'none', 'static': False})
        entries[f'{folder}/lib{MODULE}.so'] = parts / 'jni' / abi / f'lib{MODULE}.so'
    return entries


def check_symbols(parts):
    """A crash report finds the symbols of a library by its build ID."""
    libraries = files_in(parts / 'jni')
    symbols = files_in(parts / 'symbols')
    if not libraries or libraries.keys() != symbols.keys():
        sys.exit(f'pack.py: jni has {sorted(libraries)}, and symbols has {sorted(symbols)}')
    for name in libraries:
        ids = [check_so.Library(folder[name]).build_id for folder in (libraries, symbols)]
        if ids[0] is None or ids[0] != ids[1]:
            sys.exit(f'pack.py: {name} with and without symbols have different build IDs: {ids}')


def main():
    parts, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    check_symbols(parts)
    out.mkdir(parents=True, exist_ok=True)
    aar = out / f'{ARTIFACT}.aar'
    write_zip(aar, {
        'AndroidManifest.xml': HERE / 'AndroidManifest.xml',
        'R.txt': b'',  # an AAR must have this file, also without resources
        'proguard.txt': HERE / 'proguard.txt',
        'classes.jar': parts / 'classes.jar',
        'THIRD-PARTY-NOTICES.txt': parts / 'notices.txt',
        **{name: ROOT / name for name in ('LICENSE-MIT', 'LICENSE-APACHE')},
        **files_in(parts / 'jni', 'jni/'),
        **prefab(parts),
    })
    shutil.copyfile(parts / 'notices.txt', out / 'THIRD-PARTY-NOTICES.txt')
    write_zip(out / 'native-debug-symbols.zip', files_in(parts / 'symbols'))
    sources, javadoc = parts / 'sources.jar', parts / 'javadoc.jar'
    write_zip(sources, {**files_in(HERE.parent / 'src'), **files_in(HERE / 'src')})
    write_zip(javadoc, files_in(parts / 'javadoc'))
    maven.publish(out / 'maven', ARTIFACT, version(), 'aar', DESCRIPTION, {'.aar': aar, '-sources.jar': sources, '-javadoc.jar': javadoc})


if __name__ == '__main__':
    main()
