#!/usr/bin/env python3
"""notices.py OUT: writes the licences of all that is linked into Android's library, which an app must show, to the file OUT.

The crates are those that cargo links with the features of the AAR, and the texts are those in their packages.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGETS = ('aarch64-linux-android', 'armv7-linux-androideabi', 'x86_64-linux-android')
LICENCE_FILE = re.compile(r'(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)', re.IGNORECASE)
RUST = 'the Rust standard library'
LIBUNWIND = """LLVM libunwind, of the NDK (https://llvm.org): Apache-2.0 WITH LLVM-exception
    Copyright (c) 2009-2019 by the contributors listed in CREDITS.TXT of LLVM"""


def cargo(*arguments):
    command = [os.environ.get('CARGO', 'cargo'), *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def linked():
    """Name and version of each crate that is linked, without proc-macros and what is used at build time only."""
    crates = set()
    for target in TARGETS:
        tree = cargo('tree', '--package', 'egret-ws', '--edges', 'normal,no-proc-macro', '--target', target, '--prefix', 'none',
                     '--no-default-features', '--features', 'deflate,proxies', '--format', '{p}')
        crates.update(tuple(line.split()[:2]) for line in tree.splitlines())
    return sorted((name, version.removeprefix('v')) for name, version in crates if name != 'egret-ws')


def main():
    metadata = json.loads(cargo('metadata', '--format-version', '1', '--filter-platform', TARGETS[0]))
    packages = {(package['name'], package['version']): package for package in metadata['packages']}
    texts = collections.defaultdict(list)
    lines = ['This library contains parts with the licences below. Where there is a choice and MIT is part of it, the text is that of MIT.', '',
             f'{RUST} (https://www.rust-lang.org): MIT OR Apache-2.0', LIBUNWIND]
    for crate in linked():
        package = packages[crate]
        files = sorted(file for file in pathlib.Path(package['manifest_path']).parent.iterdir() if LICENCE_FILE.match(file.name))
        if 'MIT' in re.split(r'/| OR ', package['license']):
            files = [file for file in files if 'APACHE' not in file.name.upper()]
        if not files:
            sys.exit(f'notices.py: {crate[0]} {crate[1]} has no licence file: say here what its notice is')
        lines.append(f'{crate[0]} {crate[1]} ({package["repository"]}): {package["license"]}')
        for file in files:
            texts[file.read_text().strip()].append(f'{crate[0]} {crate[1]}')
        if crate[0] == 'libc':  # its authors are those of Rust
            texts[files[0].read_text().strip()].append(RUST)
    if not any(RUST in crates for crates in texts.values()):
        sys.exit('notices.py: libc is not linked: take the text for Rust from elsewhere')
    for text, crates in texts.items():
        lines += ['', '-' * 80, ', '.join(crates) + ':', '', text]
    pathlib.Path(sys.argv[1]).write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
