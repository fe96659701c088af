#!/usr/bin/env python3
"""test_checks.py CLANG LINKER LLVM_SUFFIX: tests that the checks of packaging/apple accept a good library and refuse faulty ones.

The libraries are small C libraries with the exports of the header, linked for iOS with the stubs of sdk.py.
"""
import pathlib
import plistlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
APPLE = ROOT / 'packaging/apple'
sys.path.insert(0, str(APPLE))
import check_macho  # noqa: E402
import check_privacy  # noqa: E402
import macho  # noqa: E402
import platforms  # noqa: E402
import symbols  # noqa: E402

CLANG, LINKER, SUFFIX = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
MANIFEST = ROOT / 'bindings/swift/Sources/EgretWebSocket/PrivacyInfo.xcprivacy'
NAME = '@rpath/libegret_ws.dylib'
FUNCTIONS = sorted(name[1:] for name in check_macho.functions())
GOOD = ''.join(f'void {name}(void) {{}}\n' for name in FUNCTIONS)
USES = '''
#define USE __attribute__((used)) static void
extern void SSLClose(void), CFRelease(void), write(void);
USE a(void) { SSLClose(); } USE b(void) { CFRelease(); } USE c(void) { write(); }
'''


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.ios = platforms.BY_NAME['ios']

    def sdk(self, name='ios'):
        folder = self.folder / f'sdk-{name}'
        if not folder.exists():
            subprocess.run([sys.executable, APPLE / 'sdk.py', name, folder], check=True)
        return folder

    def compile(self, source, *options, out='libegret_ws.dylib', triple=None, platform='ios'):
        """Links a library. Returns (whether the linker succeeded, its output, the file)."""
        code, out = self.folder / 'code.c', self.folder / out
        code.write_text(source)
        command = [CLANG, f'--target={triple or self.ios.triple("arm64")}', '-isysroot', self.sdk(platform), f'--ld-path={LINKER}',
                   '-mlinker-version=1000', '-w', *options, code, '-o', out]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        return done.returncode == 0, done.stderr, out

    def library(self, source=GOOD + USES, *options, install_name=NAME, sign=True, **how):
        linked, output, out = self.compile(
            source, '-shared', f'-Wl,-install_name,{install_name}', '-framework', 'Security', '-framework', 'CoreFoundation',
            *(['-Wl,-adhoc_codesign'] if sign else ['-Wl,-no_adhoc_codesign']), *options, **how)
        self.assertTrue(linked, output)
        return out

    def archive(self, *sources, **how):
        objects = []
        for number, source in enumerate(sources):
            compiled, output, path = self.compile(source, '-c', out=f'{number}.o', **how)
            self.assertTrue(compiled, output)
            objects.append(path)
        out = self.folder / 'libegret_ws.a'
        out.unlink(missing_ok=True)
        subprocess.run([f'llvm-ar{SUFFIX}', 'rcs', out, *objects], check=True)
        return out

    def faults(self, path, platform=None, uuids=None, forbidden=()):
        return [fault for _, fault in check_macho.faults(path, platform or self.ios, NAME, uuids, forbidden)]

    def refused(self, fragment, *arguments, **how):
        found = self.faults(*arguments, **how)
        self.assertTrue(any(fragment in fault for fault in found), f'{fragment!r} is not in {found}')


class Libraries(Case):
    def test_a_good_library_is_accepted(self):
        path = self.library()
        uuid = macho.slices(path)[0].uuid
        self.assertEqual(self.faults(path, uuids={'arm64': uuid}, forbidden=[str(ROOT)]), [])
        self.assertEqual(self.faults(self.archive(GOOD + USES)), [])

    def test_the_link_fails_for_a_function_that_is_not_listed(self):
        linked, output, _ = self.compile(GOOD + 'void getifaddrs(void); void f(void) { getifaddrs(); }', '-shared')
        self.assertFalse(linked)
        self.assertIn('undefined symbol: getifaddrs', output)

    def test_exports(self):
        self.refused('exports _egret_ws_new, which is not in the header', self.library(GOOD + 'void egret_ws_new(void) {}'))
        missing = GOOD.replace(f'void {FUNCTIONS[3]}(void) {{}}\n', '')
        self.refused(f'does not export _{FUNCTIONS[3]}', self.library(missing))
        self.refused('exports _rust_eh_personality', self.archive(GOOD, 'void rust_eh_personality(void) {}'))
        self.refused(f'does not export _{FUNCTIONS[3]}', self.archive(missing))

    def test_systems(self):
        newer = self.library(triple='arm64-apple-ios13.1')
        self.refused('needs version 13.1.0 of the system, not 13.0.0', newer)
        self.refused('needs version 12.0.0', self.library(triple='arm64-apple-ios12.0'))
        self.refused('needs version 13.1.0', self.archive(GOOD, triple='arm64-apple-ios13.1'))
        simulator = self.library(triple='arm64-apple-ios14.0-simulator', platform='ios-simulator')
        self.refused('is for platform 7, not for 2 (ios)', simulator)
        self.refused('is for platform 7', self.archive(GOOD, triple='arm64-apple-ios14.0-simulator'))
        self.refused('is for platform 1', self.archive(GOOD, triple='arm64-apple-macosx11.0'))
        self.refused('is for x86_64, and ios needs arm64',
                     self.library(triple='x86_64-apple-ios13.0-simulator', platform='ios-simulator'))
        self.refused('ios-simulator needs arm64, x86_64', simulator, platform=platforms.BY_NAME['ios-simulator'])

    def test_names(self):
        self.refused('calls itself /usr/lib/other.dylib', self.library(install_name='/usr/lib/other.dylib'))
        self.refused('names folders to load libraries from: /opt', self.library(GOOD, '-Wl,-rpath,/opt'))
        self.refused('names Security and uses nothing of it', self.library(GOOD + 'void write(void); void f(void) { write(); }'))

    def test_needs(self):
        stub = self.sdk() / 'usr/lib/libother.tbd'
        stub.write_text("--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-ios ]\ninstall-name: '/usr/lib/libother.dylib'\n"
                        "exports:\n  - targets: [ arm64-ios ]\n    symbols: [ _other, _write ]\n...\n")
        path = self.library(GOOD + USES + 'void other(void); USE d(void) { other(); }', '-lother')
        self.refused('needs the library /usr/lib/libother.dylib', path)
        self.refused('uses _other, which symbols.txt does not list for ios', path)
        archive = self.archive(GOOD + 'void other(void); void f(void) { other(); }')
        self.refused('uses _other', archive)
        self.assertEqual(list(check_macho.faults(archive, self.ios, NAME, None, (), is_optimised=False)),
                         [(f'{archive} (arm64)', 'exports _f, which is not in the header')])
        # A function that exists only on macOS.
        self.refused('uses _SecKeychainCreate', self.archive(GOOD + 'void SecKeychainCreate(void); void f(void) { SecKeychainCreate(); }'))

    def test_signatures(self):
        self.refused('is not signed', self.library(sign=False))
        path = self.library()
        data = bytearray(path.read_bytes())
        data[macho.slices(path)[0].signature[0] - 1] ^= 1
        path.write_bytes(data)
        self.refused('was changed after it was signed', path)

    def test_uuids(self):
        self.refused('its dSYM has 00', self.library(), uuids={'arm64': '00'})
        self.refused('has no UUID', self.library(GOOD + USES, '-Wl,-no_uuid'))

    def test_texts(self):
        self.refused('contains /home/builder', self.library(GOOD + USES + 'const char *p(void) { return "/home/builder/x.c"; }'),
                     forbidden=['/home/builder'])

    def test_what_is_no_library(self):
        for data in b'', b'\x7fELF', b'!<arch>\n', self.library().read_bytes()[:200], struct.pack('<8I', 0xfeedfacf, 0x0100000c, 0, 6, 9, 9, 0, 0):
            path = self.folder / 'damaged'
            path.write_bytes(data)
            with self.assertRaises((macho.Damaged, struct.error)):
                self.faults(path)


class Privacy(Case):
    def check(self, source, manifest=None):
        manifest = manifest or plistlib.loads(MANIFEST.read_bytes())
        return list(check_privacy.faults(manifest, check_privacy.used([self.archive(GOOD + source)])))

    def test_the_manifest_and_the_imports_agree(self):
        clock, file = ('extern void clock_gettime(void); void f(void) { clock_gettime(); }',
                       'extern void fstat(void); void g(void) { fstat(); }')
        self.assertEqual(self.check(clock + file), [])
        self.assertIn('the manifest explains FileTimestamp by C617.1, and the libraries need nothing', self.check(clock))
        self.assertIn('the manifest explains SystemBootTime by 35F9.1, and the libraries need nothing', self.check(file))
        self.assertTrue(any('_statfs (DiskSpace)' in fault for fault in self.check(
            clock + file + 'extern void statfs(void); void h(void) { statfs(); }')))
        manifest = plistlib.loads(MANIFEST.read_bytes())
        manifest['NSPrivacyAccessedAPITypes'].pop(0)
        self.assertIn('the manifest explains FileTimestamp by nothing, and the libraries need C617.1', self.check(clock + file, manifest))
        manifest['NSPrivacyTracking'] = True
        self.assertIn('the manifest does not say that nothing is tracked', self.check(clock + file, manifest))


class Lists(unittest.TestCase):
    def test_each_symbol_is_listed_once(self):
        for platform in platforms.PLATFORMS:
            for architecture in platform.targets:
                found = [name for names in symbols.allowed(platform, architecture).values() for name in names]
                self.assertEqual(len(found), len(set(found)), platform.name)
        for line in symbols.LIST.read_text().splitlines():
            for name in re.findall(r'[\w-]+', line)[1:] if line.startswith('[') else ():
                self.assertIn(name, {'arm64', 'x86_64', *platforms.BY_NAME})

    def test_the_packages_say_the_oldest_systems_of_the_table(self):
        texts = [(ROOT / name).read_text() for name in (
            'packaging/apple/Package.swift.in', 'bindings/swift/Package.swift', 'packaging/apple/EgretWebSocket.podspec.in')]
        for name, swift, pod in ('macos', 'macOS', 'osx'), ('ios', 'iOS', 'ios'), ('tvos', 'tvOS', 'tvos'), ('visionos', 'visionOS', 'visionos'):
            version = platforms.BY_NAME[name].minimum
            number = version.removesuffix('.0').replace('.', '_')
            for text in texts[:2]:
                self.assertIn(f'.{swift}(.v{number})', text)
            self.assertIn(f"s.{pod}.deployment_target = '{version}'", texts[2])


if __name__ == '__main__':
    unittest.main()
