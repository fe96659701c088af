#!/usr/bin/env python3
"""prefab.py PACKAGE: checks a Prefab package against Prefab's schema 2 (https://google.github.io/prefab): it has no unknown key, no
additional file, and a library for each ABI."""
import json
import pathlib
import re
import sys

ABIS = {'armeabi-v7a', 'arm64-v8a', 'x86', 'x86_64'}
STLS = {'c++_shared', 'c++_static', 'gnustl_shared', 'gnustl_static', 'none', 'stlport_shared', 'stlport_static', 'system'}


def read(path, required, optional):
    found = json.loads(path.read_text())
    for key, kind in required.items():
        assert type(found.get(key)) is kind, f'{path}: {key} is {found.get(key)!r}'
    for key in found.keys() - required.keys():
        assert key in optional and type(found[key]) in optional[key], f'{path}: unknown key or type: {key}'
    return found


def names(folder):
    return {path.name for path in folder.iterdir()}


def main():
    package = pathlib.Path(sys.argv[1])
    assert names(package) == {'prefab.json', 'modules'}, names(package)
    metadata = read(package / 'prefab.json', {'schema_version': int, 'name': str, 'dependencies': list}, {'version': [str]})
    assert metadata['schema_version'] == 2
    assert re.fullmatch(r'\d+(\.\d+(\.\d+(\.\d+)?)?)?', metadata['version']), metadata['version']
    modules = list((package / 'modules').iterdir())
    assert modules
    for module in modules:
        assert names(module) == {'module.json', 'include', 'libs'}, names(module)
        overridable = {'export_libraries': [list], 'library_name': [str, type(None)]}
        described = read(module / 'module.json', {}, {**overridable, 'android': [dict]})
        assert not described['android'], 'overrides nothing'
        libraries = list((module / 'libs').iterdir())
        assert libraries and list((module / 'include').iterdir())
        for library in libraries:
            abi = read(library / 'abi.json', {'abi': str, 'api': int, 'ndk': int, 'stl': str}, {'static': [bool]})
            assert abi['abi'] in ABIS and abi['stl'] in STLS and library.name == f'android.{abi["abi"]}', abi
            assert abi['api'] == 21 and abi['ndk'] == 27 and not abi['static'], abi
            assert names(library) == {'abi.json', f'{described["library_name"]}.so'}, names(library)


if __name__ == '__main__':
    main()
