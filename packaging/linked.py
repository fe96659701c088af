"""The list of all parts that are linked into each package. notices.py and dist/sbom.py use it. Run `make notices` after a change.

A set contains the parts of one kind of packages: the crates that cargo links for the targets and features, without proc-macros and
crates that are used only at build time, and components that are not crates. notices/parts contains the licence texts of components.
"""
import collections
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
OWN = ('egret-ws', 'egret-ws-tools')

Component = collections.namedtuple('Component', 'name licence url text')
RUST_URL = 'https://github.com/rust-lang/rust'
LLVM = 'Apache-2.0 WITH LLVM-exception'
COMPONENTS = {
    'rust': Component('the Rust standard library', 'MIT OR Apache-2.0', 'https://www.rust-lang.org', 'libc'),
    'unicode': Component('tables of Unicode in the Rust standard library', 'Unicode-3.0', RUST_URL, 'unicode'),
    'compiler_builtins': Component('compiler_builtins', f'MIT AND {LLVM}', 'https://github.com/rust-lang/compiler-builtins',
                                   'compiler_builtins'),
    'libm': Component('libm, in compiler_builtins', 'MIT', 'https://github.com/rust-lang/compiler-builtins', 'libm'),
    'addr2line': Component('addr2line', 'Apache-2.0 OR MIT', 'https://github.com/gimli-rs/addr2line', 'addr2line'),
    'adler2': Component('adler2', '0BSD OR MIT OR Apache-2.0', 'https://github.com/oyvindln/adler2', 'adler2'),
    'backtrace': Component('backtrace', 'MIT OR Apache-2.0', 'https://github.com/rust-lang/backtrace-rs', 'alex-crichton'),
    'cfg-if': Component('cfg-if', 'MIT OR Apache-2.0', 'https://github.com/rust-lang/cfg-if', 'alex-crichton'),
    'gimli': Component('gimli', 'MIT OR Apache-2.0', 'https://github.com/gimli-rs/gimli', 'gimli'),
    'hashbrown': Component('hashbrown', 'MIT OR Apache-2.0', 'https://github.com/rust-lang/hashbrown', 'hashbrown'),
    'libc': Component('libc', 'MIT OR Apache-2.0', 'https://github.com/rust-lang/libc', 'libc'),
    'memchr': Component('memchr', 'Unlicense OR MIT', 'https://github.com/BurntSushi/memchr', 'memchr'),
    'miniz_oxide': Component('miniz_oxide', 'MIT OR Zlib OR Apache-2.0', 'https://github.com/Frommi/miniz_oxide', 'miniz_oxide'),
    'object': Component('object', 'Apache-2.0 OR MIT', 'https://github.com/gimli-rs/object', 'object'),
    'rustc-demangle': Component('rustc-demangle', 'MIT/Apache-2.0', 'https://github.com/rust-lang/rustc-demangle', 'alex-crichton'),
    'gcc': Component('libgcc, of GCC', 'GPL-3.0-or-later WITH GCC-exception-3.1', 'https://gcc.gnu.org', 'gcc'),
    'glibc': Component('start files of the GNU C Library', 'LGPL-2.1-or-later WITH GNU-compiler-exception', 'https://sourceware.org/glibc',
                       'glibc'),
    'libunwind': Component('LLVM libunwind', LLVM, 'https://llvm.org', 'llvm'),
    'compiler-rt': Component('LLVM compiler-rt', LLVM, 'https://llvm.org', 'llvm'),
    'zig': Component('compiler-rt of Zig', 'MIT', 'https://ziglang.org', 'zig'),
    'musl': Component('musl', 'MIT', 'https://musl.libc.org', 'musl'),
    'mingw-w64': Component('the runtime of MinGW-w64', 'ZPL-2.1', 'https://www.mingw-w64.org', 'mingw-w64'),
    'winpthreads': Component('winpthreads, of MinGW-w64', 'MIT AND BSD-3-Clause', 'https://www.mingw-w64.org', 'winpthreads'),
}
# Rust's library and its parts. Their versions depend on the Rust that builds. Rustup's library contains C functions of compiler-rt.
RUST = ('rust', 'unicode', 'compiler_builtins', 'compiler-rt', 'libm', 'addr2line', 'adler2', 'backtrace', 'cfg-if', 'gimli', 'hashbrown',
        'libc', 'memchr', 'miniz_oxide', 'object', 'rustc-demangle')

# `rustflags` selects options that are not cargo features.
Set = collections.namedtuple('Set', 'title targets options tools components rustflags', defaults=('',))
LINUX = ('x86_64-unknown-linux-gnu', 'aarch64-unknown-linux-gnu')
MUSL = ('x86_64-unknown-linux-musl', 'aarch64-unknown-linux-musl')
APPLE = ('aarch64-apple-darwin', 'x86_64-apple-darwin', 'aarch64-apple-ios', 'aarch64-apple-ios-sim', 'x86_64-apple-ios')
ANDROID = ('aarch64-linux-android', 'armv7-linux-androideabi', 'x86_64-linux-android')
VENDORED = ('--features', 'vendored')
SETS = {
    'linux': Set('Linux, with the OpenSSL of the system', LINUX, (), True, RUST + ('gcc', 'glibc')),
    'linux-vendored': Set('Linux, with OpenSSL inside', LINUX, VENDORED, True, RUST + ('gcc', 'glibc', 'libunwind', 'zig')),
    'musl-vendored': Set('Linux with musl, with OpenSSL inside', MUSL, VENDORED, True, RUST + ('libunwind', 'zig', 'musl')),
    'windows': Set('Windows', ('x86_64-pc-windows-gnu',), (), True, RUST + ('gcc', 'mingw-w64', 'winpthreads')),
    'apple': Set('macOS, iOS and other systems of Apple', APPLE, (), True, RUST),
    'apple-vendored': Set('macOS, iOS and other systems of Apple, with OpenSSL inside', APPLE, VENDORED, False, RUST,
                          '--cfg egret_ws_openssl'),
    'android': Set('Android', ANDROID, ('--no-default-features', '--features', 'deflate,idn,proxies'), False,
                   RUST + ('libunwind',)),
    'ohos': Set('HarmonyOS, with OpenSSL inside', ('aarch64-unknown-linux-ohos',), VENDORED, False, RUST + ('libunwind',)),
}

# The sets of each package of a release, by its name in dist/: the first matching pattern is used. An empty list: nothing is linked.
# VERSION means the version in Cargo.toml; a star would also match the packages of a new system.
PACKAGES = (
    ('*-sources.jar', ()),
    ('*-javadoc.jar', ()),
    ('egret-ws-*-linux-musl-*', ('musl-vendored',)),
    ('egret-ws-*-linux-*', ('linux-vendored',)),
    ('debian*/*', ('linux',)),
    ('egret-ws-*-windows-*', ('windows',)),
    ('EgretWS*.zip', ('apple',)),
    ('EgretWebSocket-*-pod.zip', ('apple',)),
    ('android/*.aar', ('android',)),
    ('android/*', ()),
    ('egret-ws-*-ohos*', ('ohos',)),
    ('egret-websocket-*-sources.jar', ()),
    ('egret-websocket-*-javadoc.jar', ()),
    # Symbols for crash reports.
    ('egret-websocket-*-debug.zip', ()),
    ('egret-ws-*-node-debug.zip', ()),
    ('egret-websocket-*', ('linux-vendored', 'windows')),
    ('java/*-sources.jar*', ()),
    ('java/*-javadoc.jar*', ()),
    ('java/*.jar', ('linux-vendored', 'windows')),
    ('java/*', ()),
    ('egret-ws-*.tgz', ('linux-vendored',)),
    # Sources and recipes.
    ('egret-ws-VERSION.tar.gz', ()),
    ('egret-ws-*.crate', ()),
    ('egret-ws-*-vcpkg.zip', ()),
    ('egret-ws-*-conan.zip', ()),
    ('egret-ws.rb', ()),
    ('EgretWebSocket*', ()),
    ('egret-ws-*.cdx.json', ()),
    ('THIRD-PARTY-NOTICES/*', ()),
    ('NOT-BUILT.txt', ()),
    ('SHA256SUMS*', ()),
)


def sets_of(package, path):
    """Returns the sets in a file of dist/. A jar has no library for Windows if the build machine could not build it."""
    for pattern, sets in PACKAGES:
        if not fnmatch.fnmatchcase(package, pattern.replace('VERSION', version())):
            continue
        if 'windows' in sets[1:]:
            with zipfile.ZipFile(path) as archive:
                return sets if any(name.endswith('.dll') for name in archive.namelist()) else sets[:1]
        return sets
    sys.exit(f'linked.py: PACKAGES does not say which licences {package} needs: add a line for it')


def is_vendored(name):
    return 'vendored' in ','.join(SETS[name].options)


def cargo(*arguments, rustflags=''):
    command = [os.environ.get('CARGO', 'cargo'), *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, 'RUSTFLAGS': rustflags}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)}:\n{done.stderr}')
    return done.stdout


def crates(name):
    """Returns name and version of each dependency that is linked in the set."""
    found = set()
    of_set = SETS[name]
    packages = [word for package in OWN[:2 if of_set.tools else 1] for word in ('--package', package)]
    for target in of_set.targets:
        tree = cargo('tree', '--locked', *packages, *of_set.options, '--edges', 'normal,no-proc-macro', '--target', target,
                     '--prefix', 'none', '--format', '{p}', rustflags=of_set.rustflags)
        found.update(tuple(line.split()[:2]) for line in tree.splitlines() if line)
    return sorted((crate, version[1:]) for crate, version in found if crate not in OWN)


def packages():
    """Returns cargo's metadata for each crate, by name and version."""
    metadata = json.loads(cargo('metadata', '--locked', '--features', 'vendored', '--format-version', '1'))
    return {(package['name'], package['version']): package for package in metadata['packages']}


def openssl(known):
    """Returns the crate with OpenSSL's sources, and the version of OpenSSL, which is the part after the plus of the crate's version."""
    package = next(package for (name, _), package in known.items() if name == 'openssl-src')
    return package, package['version'].split('+')[1]


def version():
    return re.search(r'^version = "(.*)"', (ROOT / 'Cargo.toml').read_text(), re.MULTILINE)[1]
