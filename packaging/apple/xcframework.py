#!/usr/bin/env python3
"""xcframework.py PARTS OUT NOTICES [PLATFORM...]: makes the XCFrameworks of the platforms (default: all) in the folder OUT.

EgretWS.xcframework          static libraries, with the module CEgretWS, which the Swift package uses
EgretWS-dynamic.xcframework  frameworks with the module EgretWS, to embed in an app
dSYMs/IDENTIFIER/*.dSYM      the source lines of the frameworks, for crash reports

PARTS contains a folder for each Rust target, as made by build.sh. NOTICES is the file with the licences of the linked parts.

An XCFramework is a property list and folders, so this script needs no Xcode: see "Distributing binary frameworks" in Apple's
documentation.
"""
import argparse
import pathlib
import plistlib
import re
import shutil
import subprocess

import platforms

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAME, LIBRARY, IDENTIFIER = 'EgretWS', 'libegret_ws', 'org.egret.EgretWS'
MANIFEST = ROOT / 'bindings/swift/Sources/EgretWebSocket/PrivacyInfo.xcprivacy'
# UIDeviceFamily of all platforms except macOS.
FAMILIES = {'ios': [1, 2], 'tvos': [3], 'xros': [7]}


def tool(name):
    """Returns the program of Xcode or of LLVM. In Debian, the name of LLVM's program contains a version."""
    for command in ([name], [f'llvm-{name}-22'], [f'llvm-{name}']):
        if shutil.which(command[0]):
            return command
    raise SystemExit(f'xcframework.py: there is no {name}: install Xcode, or llvm-22')


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def version():
    return re.search(r'^version = "(\d+\.\d+\.\d+)', (ROOT / 'Cargo.toml').read_text(), re.MULTILINE)[1]


def join(inputs, output):
    """Makes one file for all processors of a platform."""
    output.parent.mkdir(parents=True, exist_ok=True)
    run(*tool('lipo'), '-create', *inputs, '-output', output)


def write_plist(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plistlib.dumps(content, sort_keys=True))


def headers(folder):
    folder.mkdir(parents=True)
    shutil.copy(ROOT / 'include/egret_ws.h', folder)
    shutil.copy(ROOT / 'bindings/cpp/egret_ws.hpp', folder)
    shutil.copytree(ROOT / 'bindings/cpp/egret_ws', folder / 'egret_ws')


def static_slice(platform, parts, slice_):
    join([parts / target / f'{LIBRARY}.a' for target, _ in platform.targets.values()], slice_ / f'{LIBRARY}.a')
    # The headers are in a folder with the module's name, in which clang also finds the module map: the frameworks of an app share
    # one folder for headers.
    folder = slice_ / 'Headers/CEgretWS'
    headers(folder)
    # The framework itself links the library.
    module = (ROOT / 'bindings/swift/Sources/CEgretWS/module.modulemap').read_text()
    (folder / 'module.modulemap').write_text(re.sub(r'^ *link "egret_ws"\n', '', module, flags=re.MULTILINE))
    shutil.copy(MANIFEST, slice_)
    return {'BinaryPath': f'{LIBRARY}.a', 'LibraryPath': f'{LIBRARY}.a', 'HeadersPath': 'Headers'}


def info(platform):
    """Returns the Info.plist of a framework."""
    content = {
        'CFBundleDevelopmentRegion': 'en', 'CFBundleExecutable': NAME, 'CFBundleIdentifier': IDENTIFIER,
        'CFBundleInfoDictionaryVersion': '6.0', 'CFBundleName': NAME, 'CFBundlePackageType': 'FMWK',
        'CFBundleShortVersionString': version(), 'CFBundleVersion': version(),
        'CFBundleSupportedPlatforms': [platform.supported],
    }
    if platform.has_versions:
        content['LSMinimumSystemVersion'] = platform.minimum_of_macos
    else:
        content |= {'MinimumOSVersion': platform.minimum, 'UIDeviceFamily': FAMILIES[platform.os]}
    return content


def install_name(platform):
    return f'@rpath/{NAME}.framework/' + (f'Versions/A/{NAME}' if platform.has_versions else NAME)


def dynamic_slice(platform, parts, slice_):
    bundle = slice_ / f'{NAME}.framework'
    inside = bundle / 'Versions/A' if platform.has_versions else bundle
    resources = inside / 'Resources' if platform.has_versions else inside
    binary = inside / NAME
    join([parts / target / f'{LIBRARY}.dylib' for target, _ in platform.targets.values()], binary)
    # LLVM's tool renews the signature, Apple's tool does not.
    run(*tool('install_name_tool' if shutil.which('install_name_tool') else 'install-name-tool'), '-id', install_name(platform), binary)
    if shutil.which('codesign'):
        run('codesign', '--force', '--sign', '-', binary)
    headers(inside / 'Headers')
    (inside / 'Modules').mkdir()
    (inside / 'Modules/module.modulemap').write_text(
        f'framework module {NAME} {{\n    header "egret_ws.h"\n    export *\n}}\n')
    write_plist(resources / 'Info.plist', info(platform))
    shutil.copy(MANIFEST, resources)
    if platform.has_versions:
        (bundle / 'Versions/Current').symlink_to('A')
        for name in NAME, 'Headers', 'Modules', 'Resources':
            (bundle / name).symlink_to(f'Versions/Current/{name}')
    return {'BinaryPath': str(binary.relative_to(slice_)), 'LibraryPath': bundle.name}


def debug_files(platform, parts, folder):
    """Makes the dSYM of a framework: one for all processors."""
    bundle = folder / f'{NAME}.framework.dSYM/Contents'
    debug = [parts / target / f'debug/{LIBRARY}.dylib.dSYM/Contents' for target, _ in platform.targets.values()]
    join([contents / f'Resources/DWARF/{LIBRARY}.dylib' for contents in debug], bundle / f'Resources/DWARF/{NAME}')
    write_plist(bundle / 'Info.plist', {
        'CFBundleDevelopmentRegion': 'English', 'CFBundleIdentifier': f'com.apple.xcode.dsym.{IDENTIFIER}',
        'CFBundleInfoDictionaryVersion': '6.0', 'CFBundlePackageType': 'dSYM', 'CFBundleSignature': '????',
        'CFBundleShortVersionString': version(), 'CFBundleVersion': version(),
    })


def make(out, chosen, parts, notices, slice_of):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    libraries = []
    for platform in chosen:
        entry = slice_of(platform, parts, out / platform.identifier)
        entry |= {'LibraryIdentifier': platform.identifier, 'SupportedPlatform': platform.os,
                  'SupportedArchitectures': sorted(platform.targets)}
        if platform.variant:
            entry['SupportedPlatformVariant'] = platform.variant
        libraries.append(entry)
    write_plist(out / 'Info.plist', {
        'AvailableLibraries': libraries, 'CFBundlePackageType': 'XFWK', 'XCFrameworkFormatVersion': '1.0'})
    for name in 'LICENSE-MIT', 'LICENSE-APACHE':
        shutil.copy(ROOT / name, out)
    shutil.copy(notices, out / 'THIRD-PARTY-NOTICES.txt')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in 'parts', 'out', 'notices':
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument('platforms', nargs='*', metavar='PLATFORM')
    arguments = parser.parse_args()
    unknown = set(arguments.platforms) - platforms.BY_NAME.keys()
    if unknown:
        parser.error(f'no platform {", ".join(unknown)}; there are {", ".join(platforms.BY_NAME)}')
    chosen = [platform for platform in platforms.PLATFORMS if not arguments.platforms or platform.name in arguments.platforms]
    for name, slice_of in (NAME, static_slice), (f'{NAME}-dynamic', dynamic_slice):
        make(arguments.out / f'{name}.xcframework', chosen, arguments.parts, arguments.notices, slice_of)
    shutil.rmtree(arguments.out / 'dSYMs', ignore_errors=True)
    for platform in chosen:
        debug_files(platform, arguments.parts, arguments.out / 'dSYMs' / platform.identifier)


if __name__ == '__main__':
    main()
