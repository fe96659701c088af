#!/usr/bin/env python3
"""sdk.py PLATFORM DIRECTORY: writes a folder that a linker takes for Apple's SDK: text stubs of the system's libraries.

The stubs list only the symbols of symbols.txt, so the link fails when the library begins to use another one. It has no headers.
"""
import pathlib
import shutil
import sys

import platforms
import symbols


def write(platform, directory):
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    targets = ', '.join(f'{architecture}-{platform.tbd}' for architecture in platform.targets)
    for library, names in symbols.allowed(platform).items():
        stub = directory / f'{symbols.LIBRARIES[library][0]}.tbd'
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(f'''--- !tapi-tbd
tbd-version: 4
targets: [ {targets} ]
install-name: '{symbols.install_name(library, platform)}'
exports:
  - targets: [ {targets} ]
    symbols: [ {', '.join(sorted(names))} ]
...
''')
    # The crate libc asks for it. Nothing uses it, and -dead_strip_dylibs leaves it out.
    (directory / 'usr/lib/libiconv.tbd').write_text(f"""--- !tapi-tbd
tbd-version: 4
targets: [ {targets} ]
install-name: '/usr/lib/libiconv.2.dylib'
...
""")
    # Parts of libSystem by older names.
    for alias in 'libc', 'libm':
        (directory / f'usr/lib/{alias}.tbd').symlink_to('libSystem.tbd')


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in platforms.BY_NAME:
        sys.exit(f'{__doc__}\nPLATFORM is one of {", ".join(platforms.BY_NAME)}')
    write(platforms.BY_NAME[sys.argv[1]], sys.argv[2])
