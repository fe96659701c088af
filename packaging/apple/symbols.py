"""Reads symbols.txt: the symbols of Apple's systems that the library may use."""
import pathlib
import re

LIST = pathlib.Path(__file__).with_name('symbols.txt')
# The file of each library of the system, without its suffix, and its path on a device. Frameworks of macOS have versions.
LIBRARIES = {'libSystem': ('usr/lib/libSystem', '/usr/lib/libSystem.B.dylib', '/usr/lib/libSystem.B.dylib')} | {
    name: (f'System/Library/Frameworks/{name}.framework/{name}', f'/System/Library/Frameworks/{name}.framework/{name}',
           f'/System/Library/Frameworks/{name}.framework/Versions/A/{name}')
    for name in ('Security', 'CoreFoundation')}


def install_name(library, platform):
    return LIBRARIES[library][2 if platform.has_versions else 1]


def allowed(platform, architecture):
    """Returns the symbols of each library that may be used on a platform."""
    found, current = {name: set() for name in LIBRARIES}, set()
    for line in LIST.read_text().splitlines():
        if section := re.fullmatch(r'\[(\w+)((?: [\w-]+)*)\]', line):
            current = found[section[1]] if set(section[2].split()) <= {platform.name, architecture} else set()
        elif not line.startswith('#'):
            current.update(line.split())
    return found
