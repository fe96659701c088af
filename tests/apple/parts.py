#!/usr/bin/env python3
"""parts.py CLANG LINKER LLVM_SUFFIX OUT: makes the files that packaging/apple/pack.sh packs, for each target, in the folder OUT.

The libraries are small C libraries with the exports of the header, so the packages of all platforms can be tested in seconds.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
APPLE = ROOT / 'packaging/apple'
sys.path.insert(0, str(APPLE))
import check_macho  # noqa: E402
import platforms  # noqa: E402

# The source uses one function of each library of the system, and the functions that the privacy manifest explains.
SOURCE = ''.join(f'void {name[1:]}(void) {{}}\n' for name in sorted(check_macho.functions())) + '''
extern void SSLClose(void), CFRelease(void), clock_gettime(void), fstat(void);
__attribute__((used)) static void use(void) { SSLClose(); CFRelease(); clock_gettime(); fstat(); }
'''


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def make(clang, linker, suffix, out, scratch):
    source = scratch / 'code.rs'
    source.write_text(SOURCE)
    for platform in platforms.PLATFORMS:
        sdk = scratch / platform.name
        run(sys.executable, APPLE / 'sdk.py', platform.name, sdk)
        for architecture, (target, _) in platform.targets.items():
            part, whole, obj = out / target, scratch / 'libegret_ws.dylib', scratch / 'code.o'
            (part / 'debug').mkdir(parents=True)
            compiler = [clang, f'--target={platform.triple(architecture)}', '-isysroot', sdk, '-g', '-w',
                        f'-ffile-prefix-map={scratch}=/egret-ws/src', f'-ffile-prefix-map={os.getcwd()}=/egret-ws']
            run(*compiler, '-c', '-x', 'c', source, '-o', obj)
            run(*compiler, '-shared', f'--ld-path={linker}', '-mlinker-version=1000', obj, '-framework', 'Security', '-framework',
                'CoreFoundation', '-Wl,-adhoc_codesign,-headerpad_max_install_names,-install_name,@rpath/libegret_ws.dylib', '-o', whole)
            run(f'dsymutil{suffix}', '--out', part / 'debug/libegret_ws.dylib.dSYM', whole)
            run(f'llvm-strip{suffix}', '-S', '-x', '-o', part / 'libegret_ws.dylib', whole)
            run(f'llvm-strip{suffix}', '-S', obj)
            run(f'llvm-ar{suffix}', 'rcsD', part / 'libegret_ws.a', obj)


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        make(*sys.argv[1:4], pathlib.Path(sys.argv[4]).resolve(), pathlib.Path(folder).resolve())
