#!/usr/bin/env python3
"""msrv.py: checks that all packages of the workspace have the same `rust-version`, and that no dependency in Cargo.lock needs a newer Rust.
Apple's systems are left out: there parking_lot needs a newer Rust (see Cargo.toml)."""
import json
import subprocess
import sys

SYSTEMS = ('x86_64-unknown-linux-gnu', 'x86_64-pc-windows-msvc', 'aarch64-linux-android', 'aarch64-unknown-linux-ohos')


def version(text):
    return tuple(int(part) for part in (text + '.0').split('.')[:2])


def faults(packages):
    """Returns the faults of the packages that `cargo metadata` lists."""
    own = {package['name']: package['rust_version'] for package in packages if not package['source']}
    if len(set(own.values())) != 1 or None in own.values():
        return [f'the packages of the workspace differ in rust-version: {own}']
    oldest = next(iter(own.values()))
    return [f'{package["name"]} {package["version"]} needs Rust {package["rust_version"]}, and Cargo.toml allows {oldest}'
            for package in packages
            if package['source'] and package['rust_version'] and version(package['rust_version']) > version(oldest)]


def check_this():
    """Checks that a list with each kind of fault is refused."""
    def package(name, rust, source=None):
        return {'name': name, 'version': '1.0.0', 'rust_version': rust, 'source': source}

    own = [package('a', '1.88'), package('b', '1.88')]
    assert not faults(own + [package('c', '1.88.0', 'registry'), package('d', None, 'registry')])
    assert faults(own + [package('c', '1.89', 'registry')])
    assert faults(own + [package('c', '2.0', 'registry')])
    assert faults([package('a', '1.88'), package('b', '1.87')])
    assert faults([package('a', None)])


def main():
    check_this()
    systems = [word for system in SYSTEMS for word in ('--filter-platform', system)]
    listed = subprocess.run(['cargo', 'metadata', '--locked', '--format-version', '1', *systems], check=True, stdout=subprocess.PIPE)
    found = faults(json.loads(listed.stdout)['packages'])
    for fault in found:
        print(f'msrv.py: {fault}', file=sys.stderr)
    if found:
        print('msrv.py: take an older version of it (cargo update NAME --precise VERSION), or raise rust-version', file=sys.stderr)
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
