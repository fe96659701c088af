#!/usr/bin/env python3
"""versions.py [ROOT]: checks that the version and the oldest Rust are equal in Cargo.toml and in each file that repeats them. Files that
are made for a release read them from Cargo.toml, and are not in the list."""
import pathlib
import re
import sys

ROOT = pathlib.Path(*sys.argv[1:2] or [pathlib.Path(__file__).resolve().parents[1]])
FULL = r'(\d+\.\d+\.\d+[-+.\w]*)'
NUMBER = r'(\d+\.\d+\.\d+)'
# A file, and the text around the version at each place.
PLACES = (
    ('tools/Cargo.toml', rf'^version = "{FULL}"'),
    ('Cargo.lock', rf'^name = "egret-ws"\nversion = "{FULL}"'),
    ('Cargo.lock', rf'^name = "egret-ws-tools"\nversion = "{FULL}"'),
    ('fuzz/Cargo.lock', rf'^name = "egret-ws"\nversion = "{FULL}"'),
    ('bindings/js/package.json', rf'^  "version": "{FULL}"'),
    ('bindings/js/module/package.json', rf'^  "version": "{FULL}"'),
    ('bindings/js/module/package-lock.json', rf'^  "version": "{FULL}"'),
    ('bindings/js/module/package-lock.json', rf'^    "": {{\n(?:      .*\n)*?      "version": "{FULL}"'),
    ('bindings/js/README.md', rf'\begret-ws-{FULL}(?:\.tgz|-ohos\.har)'),
    ('bindings/java/README.md', rf'\begret-websocket-{FULL}\.jar'),
    ('bindings/java/README.md', rf'org\.egret:egret-websocket(?:-coroutines)?:{FULL}"'),
    ('examples/android_app/app/build.gradle.kts', rf'org\.egret:egret-websocket:{FULL}"'),
)
# The oldest Rust, which is `rust-version` in Cargo.toml.
RUST = (
    ('tools/Cargo.toml', r'^rust-version = "(.*)"'),
    ('README.md', r'Rust (\d+\.\d+) or newer'),
    ('docs/building.md', r'Rust (\d+\.\d+) or newer'),
    ('CONTRIBUTING.md', r'Rust (\d+\.\d+) or newer'),
    ('tests/tools/setup.sh', r'Rust (\d+\.\d+) or newer'),
    ('CMakeLists.txt', r"Rust's cargo, (\d+\.\d+) or newer"),
    ('packaging/vcpkg/portfile.cmake.in', r'cargo \((\d+\.\d+) or newer\)'),
    ('packaging/conan/conanfile.py', r'Rust (\d+\.\d+) or newer'),
)
# Files with the first two numbers of the version.
SHORT = (
    ('README.md', r'find_package\(egret_ws (\d+\.\d+) '),
    ('docs/building.md', r'find_package\(egret_ws (\d+\.\d+) '),
    ('examples/cmake_shell/CMakeLists.txt', r'find_package\(egret_ws (\d+\.\d+) '),
    ('tests/dist/windows/msvc/CMakeLists.txt', r'find_package\(egret_ws (\d+\.\d+) '),
    ('SECURITY.md', r'^\| (\d+\.\d+)\.x \| yes'),
)
# Versions in pages, if there are any: 0 is the whole version, 1 is its first two numbers.
PAGES = ('*.md', 'docs/**/*.md', 'bindings/**/*.md', 'examples/**/*.md')
IN_PAGES = (
    (rf'\begret-(?:ws|websocket)(?:-[a-z]+)*[-:]{NUMBER}', 0),
    (r'find_package\(egret_ws (\d+\.\d+) ', 1),
)
# The number in the header, and the file from which `make header` reads it.
NUMBERS = (
    ('src/ffi/about.rs', r'^pub const EGRET_WS_VERSION_NUMBER: u32 = 0x([0-9a-f]{6});', '{:06x}'),
    ('include/egret_ws.h', r'^#define EGRET_WS_VERSION_NUMBER (\d+)$', '{}'),
    ('bindings/swift/Sources/CEgretWS/egret_ws.h', r'^#define EGRET_WS_VERSION_NUMBER (\d+)$', '{}'),
)


def check(file, pattern, wanted):
    path = ROOT / file
    found = re.findall(pattern, path.read_text(encoding='utf-8'), re.MULTILINE) if path.exists() else []
    if not found:
        return [f'{file}: no version at {pattern}']
    return [f'{file}: {version}' for version in found if version != wanted]


def main():
    manifest = (ROOT / 'Cargo.toml').read_text(encoding='utf-8')
    version = re.search(rf'^version = "{FULL}"', manifest, re.MULTILINE)[1]
    major, minor, patch = (int(number) for number in re.match(r'(\d+)\.(\d+)\.(\d+)', version).groups())
    wrong = [fault for place in PLACES for fault in check(*place, version)]
    wrong += [fault for place in SHORT for fault in check(*place, f'{major}.{minor}')]
    for page in sorted({page for pattern in PAGES for page in ROOT.glob(pattern)} - {ROOT / 'CHANGELOG.md'}):
        text = page.read_text(encoding='utf-8')
        wanted = (f'{major}.{minor}.{patch}', f'{major}.{minor}')
        wrong += [f'{page.relative_to(ROOT)}: {found}' for pattern, form in IN_PAGES for found in re.findall(pattern, text)
                  if found != wanted[form]]
    rust = re.search(r'^rust-version = "(.*)"', manifest, re.MULTILINE)[1]
    wrong += [fault for place in RUST for fault in check(*place, rust)]
    number = major << 16 | minor << 8 | patch
    wrong += [fault for file, pattern, form in NUMBERS for fault in check(file, pattern, form.format(number))]
    if wrong:
        sys.exit(f'versions.py: Cargo.toml has {version}, and Rust {rust}; not so:\n  ' + '\n  '.join(wrong))


if __name__ == '__main__':
    main()
