#!/usr/bin/env python3
"""ndk_stubs.py ABI OUT COMPILER [OPTION...]: links stubs of Android's libraries, with the symbols that symbols.txt lists, to OUT.

The stubs are for linking only: every function is empty.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'bindings/java/android'))
import check_so  # noqa: E402

VARIABLES = {'__sF', '__stack_chk_guard', 'environ'}


def main():
    abi, out, *compiler = sys.argv[1:]
    for library, names in {'libm.so': set(), **check_so.symbols_of_android(abi)}.items():
        lines = [f'char {name}[512];' if name in VARIABLES else f'void {name}(void) {{}}' for name in sorted(names)]
        command = [*compiler, '-x', 'c', '-', '-o', pathlib.Path(out) / library, '-shared', '-fPIC', '-nostdlib', '-ffreestanding',
                   '-fno-builtin', '-w', f'-Wl,-soname,{library}']
        subprocess.run(command, input='\n'.join(lines), text=True, check=True)


if __name__ == '__main__':
    main()
