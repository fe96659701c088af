#!/usr/bin/env python3
"""sdk.py PLATFORM DIRECTORY: writes a folder that a linker can use as Apple's SDK: text stubs of the system's libraries.

The stubs list only the symbols of symbols.txt, so the link fails if the library uses another symbol. The folder has no headers.
"""
import pathlib
import shutil
import sys

import platforms
import symbols


def write(platform, directory):
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    by_target = {f'{architecture}-{platform.tbd}': symbols.allowed(platform, architecture) for architecture in platform.targets}
    targets = ', '.join(by_target)
    for library, (path, *_) in symbols.LIBRARIES.items():
        stub = directory / f'{path}.tbd'
        stub.parent.mkdir(parents=True, exist_ok=True)
        exports = ''.join(f"""
  - targets: [ {target} ]
    symbols: [ {', '.join(f"'{name}'" for name in sorted(names[library]))} ]""" for target, names in by_target.items())
        stub.write_text(f"""--- !tapi-tbd
tbd-version: 4
targets: [ {targets} ]
install-name: '{symbols.install_name(library, platform)}'
exports:{exports}
...
""")
    # The crate libc requests this library. Nothing uses it, and -dead_strip_dylibs leaves it out.
    (directory / 'usr/lib/libiconv.tbd').write_text(f"""--- !tapi-tbd
tbd-version: 4
targets: [ {targets} ]
install-name: '/usr/lib/libiconv.2.dylib'
...
""")
    # Parts of libSystem under older names.
    for alias in 'libc', 'libm':
        (directory / f'usr/lib/{alias}.tbd').symlink_to('libSystem.tbd')


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in platforms.BY_NAME:
        sys.exit(f'{__doc__}\nPLATFORM is one of {", ".join(platforms.BY_NAME)}')
    write(platforms.BY_NAME[sys.argv[1]], sys.argv[2])
