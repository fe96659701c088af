#!/usr/bin/env python3
"""test_packages.py DIST VERSION LLVM ZIG: see tests/dist/apple.sh."""
import hashlib
import os
import pathlib
import plistlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
APPLE = ROOT / 'packaging/apple'
sys.path.insert(0, str(APPLE))
import macho  # noqa: E402
import platforms  # noqa: E402
import symbols  # noqa: E402

DIST, VERSION, LLVM, ZIG = pathlib.Path(sys.argv.pop(1)), sys.argv.pop(1), sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
SWIFT = pathlib.Path(os.environ.get('EGRET_WS_SWIFT_ROOT', '/opt/egret-swift'))
OBJECTIVE_C = '''
@import %s;
int main(void) { return egret_ws_version_number() == 0; }
'''
# zig's libc++ has no configuration file.
LIBCPP = [
    'ABI_VERSION=1', 'ABI_NAMESPACE=__1', 'HAS_THREADS=1', 'HAS_THREAD_API_PTHREAD=1', 'HAS_MONOTONIC_CLOCK=1', 'HAS_TERMINAL=1',
    'HAS_MUSL_LIBC=0', 'HAS_FILESYSTEM=1', 'HAS_RANDOM_DEVICE=1', 'HAS_LOCALIZATION=1', 'HAS_UNICODE=1', 'HAS_WIDE_CHARACTERS=1',
    'HAS_TIME_ZONE_DATABASE=0', 'HAS_VENDOR_AVAILABILITY_ANNOTATIONS=0', 'HARDENING_MODE_DEFAULT=2', 'PSTL_BACKEND_SERIAL',
    'ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE']
MH_EXECUTE = 2


def run(*command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **how)
    if done.returncode:
        raise AssertionError(f'{" ".join(map(str, command))}\n{done.stdout}{done.stderr}')
    return done.stdout


def unpack(archive, folder):
    """Unpacks like Xcode: with symbolic links and file modes."""
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            path, mode = folder / info.filename, info.external_attr >> 16
            path.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                path.symlink_to(packed.read(info).decode())
            else:
                path.write_bytes(packed.read(info))
                path.chmod(stat.S_IMODE(mode))


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name in 'EgretWS.xcframework', 'EgretWS-dynamic.xcframework', 'EgretWS-dSYMs':
            unpack(DIST / f'{name}.zip', cls.folder)
        cls.static, cls.dynamic = cls.folder / 'EgretWS.xcframework', cls.folder / 'EgretWS-dynamic.xcframework'
        cls.slices = [platform for platform in platforms.PLATFORMS if (cls.static / platform.identifier).exists()]
        for platform in cls.slices:
            run(sys.executable, APPLE / 'sdk.py', platform.name, cls.folder / 'sdk' / platform.name)

    def each(self):
        return [(platform, architecture) for platform in self.slices for architecture in platform.targets]

    def program(self, platform, architecture, source, options, libraries):
        """Compiles and links a program from a source file. Functions of the C++ library are not checked."""
        sdk, scratch = self.folder / 'sdk' / platform.name, pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        common = [f'clang-{LLVM}', f'--target={platform.triple(architecture)}', '-isysroot', sdk]
        obj, program = scratch / 'program.o', scratch / 'program'
        run(*common, '-c', '-Wall', '-Wextra', '-Werror', *options, source, '-o', obj)
        allowed = set().union(*symbols.allowed(platform, architecture).values())
        other = [name for name in run(f'llvm-nm-{LLVM}', '--undefined-only', '--format=just-symbols', obj).split()
                 if name not in allowed and not name.startswith('_egret_ws_')]
        target = f'{architecture}-{platform.tbd}'
        (scratch / 'libother.tbd').write_text(
            f"--- !tapi-tbd\ntbd-version: 4\ntargets: [ {target} ]\ninstall-name: /usr/lib/libother.dylib\nexports:\n"
            f"  - targets: [ {target} ]\n    symbols: [ {', '.join(repr(name) for name in other)} ]\n...\n")
        run(*common, f'--ld-path={shutil.which(f"ld64.lld-{LLVM}")}', '-mlinker-version=1000', '-nostdlib', obj, '-Wl,-dead_strip',
            '-Wl,-adhoc_codesign', *libraries, '-lSystem', f'-L{scratch}', *(['-lother'] if other else []), '-o', program)
        found, = macho.slices(program)
        self.assertEqual((found.type, found.platform, found.architecture), (MH_EXECUTE, platform.number, architecture))
        found.check_signature()
        return found

    def sources(self, module):
        """Returns (source, compiler options) for each language."""
        headers = ['-isystem', ZIG / 'lib/libc/include/any-darwin-any']
        objective_c = self.folder / f'{module}.m'
        objective_c.write_text(OBJECTIVE_C % module)
        yield ROOT / 'examples/hello.c', ['-std=c99', f'-I{self.folder}/shim', *headers]
        # The headers of the C library are left out, because there is no module for them here.
        yield objective_c, ['-ffreestanding', '-fmodules', f'-fmodules-cache-path={self.folder}/cache']
        yield ROOT / 'examples/frame_loop.cpp', [
            '-std=c++17', '-nostdinc++', '-isystem', ZIG / 'lib/libcxx/include', f'-I{self.folder}/shim', *headers,
            *(f'-D_LIBCPP_{name}' for name in LIBCPP)]

    def shim(self, headers):
        """Changes the includes <egret_ws.h> and <egret_ws.hpp> of the examples, because here the headers are in a folder."""
        shim = self.folder / 'shim'
        shutil.rmtree(shim, ignore_errors=True)
        shim.mkdir()
        for name in 'egret_ws.h', 'egret_ws.hpp':
            (shim / name).write_text(f'#include <{headers}/{name}>\n')

    def test_programs_link_with_the_static_library(self):
        self.shim('CEgretWS')
        for platform, architecture in self.each():
            slice_ = self.static / platform.identifier
            for source, options in self.sources('CEgretWS'):
                program = self.program(platform, architecture, source, [*options, f'-I{slice_}/Headers'], [
                    slice_ / 'libegret_ws.a', '-framework', 'Security', '-framework', 'CoreFoundation'])
                self.assertFalse([name for name in program.undefined() if name.startswith('_egret_ws_')])

    def test_programs_link_with_the_framework(self):
        self.shim('EgretWS')
        for platform, architecture in self.each():
            slice_ = self.dynamic / platform.identifier
            for source, options in self.sources('EgretWS'):
                program = self.program(platform, architecture, source, [*options, f'-F{slice_}'], [
                    f'-F{slice_}', '-framework', 'EgretWS'])
                name = '@rpath/EgretWS.framework/' + ('Versions/A/EgretWS' if platform.has_versions else 'EgretWS')
                self.assertIn(name, program.libraries)

    def test_each_platform_is_there(self):
        for package, path in (self.static, 'libegret_ws.a'), (self.dynamic, 'EgretWS.framework'):
            content = plistlib.loads((package / 'Info.plist').read_bytes())
            self.assertEqual((content['CFBundlePackageType'], content['XCFrameworkFormatVersion']), ('XFWK', '1.0'))
            found = {entry['LibraryIdentifier']: entry for entry in content['AvailableLibraries']}
            self.assertEqual(found.keys(), {platform.identifier for platform in self.slices})
            for platform in self.slices:
                entry = found[platform.identifier]
                self.assertEqual(entry['LibraryPath'], path)
                self.assertTrue((package / platform.identifier / entry['BinaryPath']).is_file())
                self.assertEqual((entry['SupportedPlatform'], entry.get('SupportedPlatformVariant')), (platform.os, platform.variant))
                self.assertEqual(entry['SupportedArchitectures'], sorted(platform.targets))
                manifests = list((package / platform.identifier).rglob('PrivacyInfo.xcprivacy'))
                self.assertEqual(len({path.resolve() for path in manifests}), 1)
            for name in 'LICENSE-MIT', 'LICENSE-APACHE', 'THIRD-PARTY-NOTICES.txt':
                self.assertTrue((package / name).stat().st_size)

    def test_frameworks(self):
        for platform in self.slices:
            bundle = self.dynamic / platform.identifier / 'EgretWS.framework'
            if platform.has_versions:
                self.assertEqual(os.readlink(bundle / 'Versions/Current'), 'A')
                for name in 'EgretWS', 'Headers', 'Modules', 'Resources':
                    self.assertEqual(os.readlink(bundle / name), f'Versions/Current/{name}')
                info, minimum = bundle / 'Resources/Info.plist', 'LSMinimumSystemVersion'
            else:
                self.assertFalse((bundle / 'Versions').exists())
                info, minimum = bundle / 'Info.plist', 'MinimumOSVersion'
            content = plistlib.loads(info.read_bytes())
            self.assertEqual(content['CFBundleExecutable'], 'EgretWS')
            self.assertEqual(content['CFBundlePackageType'], 'FMWK')
            self.assertRegex(content['CFBundleIdentifier'], r'^[A-Za-z0-9.-]+$')
            self.assertRegex(content['CFBundleShortVersionString'], r'^\d+\.\d+\.\d+$')
            self.assertTrue(VERSION.startswith(content['CFBundleShortVersionString']))
            self.assertEqual(content['CFBundleSupportedPlatforms'], [platform.supported])
            lowest = min(part.minimum for part in macho.slices(bundle / 'EgretWS'))
            if platform.name != 'maccatalyst':
                self.assertEqual(platforms.number_of(content[minimum]), lowest)

    def test_the_debug_files_have_lines(self):
        for platform in self.slices:
            path = self.folder / 'EgretWS-dSYMs' / platform.identifier / 'EgretWS.framework.dSYM/Contents/Resources/DWARF/EgretWS'
            self.assertEqual([path.name for path in path.parents[2].rglob('*') if path.is_file()].count('EgretWS'), 1)
            for architecture in platform.targets:
                listed = run(f'llvm-nm-{LLVM}', f'--arch={architecture}', path)
                address = re.search(r'^(\w+) \w _egret_ws_connect$', listed, re.MULTILINE)[1]
                lines = run(f'llvm-symbolizer-{LLVM}', f'--obj={path}:{architecture}', f'0x{address}')
                self.assertRegex(lines, r'(?m)^/egret-ws/src/[\w/]+\.rs:\d+')

    def test_archives_are_sorted_and_plain(self):
        for name in 'EgretWS.xcframework', 'EgretWS-dynamic.xcframework', 'EgretWS-dSYMs':
            with zipfile.ZipFile(DIST / f'{name}.zip') as packed:
                names = packed.namelist()
                self.assertEqual(names, sorted(names))
                self.assertTrue(all(entry.startswith(f'{name}/') for entry in names))
                self.assertEqual(len({info.date_time for info in packed.infolist()}), 1)
                self.assertFalse(any(info.extra for info in packed.infolist()))


class Recipes(unittest.TestCase):
    def checksum(self, name):
        return hashlib.sha256((DIST / name).read_bytes()).hexdigest()

    def test_the_pod(self):
        text = (DIST / 'EgretWebSocket.podspec').read_text()
        archive = f'EgretWebSocket-{VERSION}-pod.zip'
        self.assertNotIn('@', text)
        self.assertIn(f"s.version = '{VERSION}'", text)
        self.assertIn(f":sha256 => '{self.checksum(archive)}'", text)
        self.assertIn(f"/{archive}'", text)
        with zipfile.ZipFile(DIST / archive) as packed:
            names = packed.namelist()
        for needed in ('LICENSE-MIT', 'THIRD-PARTY-NOTICES.txt', 'EgretWS.xcframework/Info.plist', 'Sources/EgretWebSocket/Socket.swift',
                       'Sources/EgretWebSocket/PrivacyInfo.xcprivacy'):
            self.assertIn(needed, names)
        if shutil.which('ruby'):
            run('ruby', '-c', DIST / 'EgretWebSocket.podspec')

    def test_the_swift_package(self):
        with tempfile.TemporaryDirectory() as folder:
            unpack(DIST / f'EgretWebSocket-{VERSION}-swift.zip', pathlib.Path(folder))
            package, = pathlib.Path(folder).iterdir()
            text = (package / 'Package.swift').read_text()
            self.assertIn(f'checksum: "{self.checksum("EgretWS.xcframework.zip")}"', text)
            self.assertRegex(text, r'url: "https://[^"]+/EgretWS\.xcframework\.zip"')
            ours = {path.name for path in (ROOT / 'bindings/swift/Sources/EgretWebSocket').iterdir()}
            self.assertEqual({path.name for path in (package / 'Sources/EgretWebSocket').iterdir()}, ours)
            if not (SWIFT / '.egret-ws-ready').exists() or os.geteuid() != 0:
                print(f'CANNOT: SwiftPM did not read the Swift package: no Debian with Swift in {SWIFT} (tests/swift/setup.sh, as root)')
                return
            inside = '''
                mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; mount -t tmpfs tmpfs "$1/tmp"
                mkdir "$1/tmp/package"; cp -R "$2/." "$1/tmp/package/"; cp "$3" "$1/tmp/"
                chroot "$1" env -i PATH=/usr/bin:/bin HOME=/tmp sh -euc '
                    cd /tmp/package && swift package dump-package && echo --- && swift package compute-checksum /tmp/EgretWS.xcframework.zip'
            '''
            printed = run('unshare', '--mount', 'bash', '-euc', inside, '-', SWIFT, package, DIST / 'EgretWS.xcframework.zip')
            described, checksum = printed.rsplit('---', 1)
            self.assertEqual(checksum.strip(), self.checksum('EgretWS.xcframework.zip'))
            self.assertIn('"type" : "binary"', described)
            self.assertIn(checksum.strip(), described)


if __name__ == '__main__':
    unittest.main()
