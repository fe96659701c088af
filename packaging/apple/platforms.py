#!/usr/bin/env python3
"""Apple's platforms: the targets and the oldest system of each one. All scripts and checks use this table.

platforms.py [NAME...]       prints NAME TARGET... of these platforms, or of all
platforms.py --slices [NAME...]    prints NAME and its folder in an XCFramework
platforms.py --env TARGET    prints NAME, ARCHITECTURE, TRIPLE (for clang) and VARIABLE=VERSION (for Rust and the crate cc), one per line
"""
import sys


class Platform:
    """A slice of the XCFrameworks.

    `targets` are Rust's targets by architecture, each with the oldest system. `number` is the platform in LC_BUILD_VERSION.
    `os` and `variant` are the names in an XCFramework, `supported` is the name in CFBundleSupportedPlatforms, `sdk` is xcrun's name.
    """

    def __init__(self, name, number, os, variant, sdk, supported, deep, targets):
        self.name, self.number, self.os, self.variant, self.sdk, self.supported = name, number, os, variant, sdk, supported
        self.has_versions = deep
        """A framework for macOS has its files in Versions/A."""
        self.targets = targets

    @property
    def identifier(self):
        """The name of the folder in an XCFramework, as Xcode chooses it."""
        return '-'.join(part for part in (self.os, '_'.join(sorted(self.targets)), self.variant) if part)

    @property
    def tbd(self):
        """The name of the platform in text stubs."""
        return {'macos': 'macos', 'maccatalyst': 'maccatalyst'}.get(self.name, self.os + ('-simulator' if self.variant else ''))

    def triple(self, architecture):
        system = {'macos': 'macosx', 'xros': 'xros'}.get(self.os, self.os)
        suffix = {'maccatalyst': '-macabi', 'simulator': '-simulator', None: ''}[self.variant]
        return f'{architecture}-apple-{system}{self.targets[architecture][1]}{suffix}'

    @property
    def minimum(self):
        """The oldest system of any architecture."""
        return min((version for _, version in self.targets.values()), key=number_of)

    @property
    def minimum_of_macos(self):
        """Mac Catalyst uses the version numbers of iOS; it began with 13.1 on macOS 10.15."""
        return '10.15' if self.name == 'maccatalyst' else self.minimum


def number_of(version):
    """Converts '10.15' to (10, 15, 0)."""
    parts = [int(part) for part in version.split('.')]
    return tuple(parts + [0] * (3 - len(parts)))


# For arm64, the first system that ran on arm64, if that is newer.
PLATFORMS = [
    Platform('macos', 1, 'macos', None, 'macosx', 'MacOSX', True, {
        'arm64': ('aarch64-apple-darwin', '11.0'), 'x86_64': ('x86_64-apple-darwin', '10.15')}),
    Platform('maccatalyst', 6, 'ios', 'maccatalyst', 'macosx', 'MacOSX', True, {
        'arm64': ('aarch64-apple-ios-macabi', '14.0'), 'x86_64': ('x86_64-apple-ios-macabi', '13.1')}),
    Platform('ios', 2, 'ios', None, 'iphoneos', 'iPhoneOS', False, {
        'arm64': ('aarch64-apple-ios', '13.0')}),
    Platform('ios-simulator', 7, 'ios', 'simulator', 'iphonesimulator', 'iPhoneSimulator', False, {
        'arm64': ('aarch64-apple-ios-sim', '14.0'), 'x86_64': ('x86_64-apple-ios', '13.0')}),
    Platform('tvos', 3, 'tvos', None, 'appletvos', 'AppleTVOS', False, {
        'arm64': ('aarch64-apple-tvos', '13.0')}),
    Platform('tvos-simulator', 8, 'tvos', 'simulator', 'appletvsimulator', 'AppleTVSimulator', False, {
        'arm64': ('aarch64-apple-tvos-sim', '14.0'), 'x86_64': ('x86_64-apple-tvos', '13.0')}),
    Platform('visionos', 11, 'xros', None, 'xros', 'XROS', False, {
        'arm64': ('aarch64-apple-visionos', '1.0')}),
    Platform('visionos-simulator', 12, 'xros', 'simulator', 'xrsimulator', 'XRSimulator', False, {
        'arm64': ('aarch64-apple-visionos-sim', '1.0')}),
]
BY_NAME = {platform.name: platform for platform in PLATFORMS}
# The environment variable that contains the oldest system, for Rust and for the crate cc.
VARIABLES = {'macos': 'MACOSX', 'ios': 'IPHONEOS', 'tvos': 'TVOS', 'xros': 'XROS'}


def of_target(target):
    """Returns the platform and the architecture of a Rust target."""
    for platform in PLATFORMS:
        for architecture, (name, _) in platform.targets.items():
            if name == target:
                return platform, architecture
    raise SystemExit(f'platforms.py: {target} is not in the table')


def main(arguments):
    if arguments[:1] == ['--env'] and len(arguments) == 2:
        platform, architecture = of_target(arguments[1])
        print(platform.name, architecture, platform.triple(architecture),
              f'{VARIABLES[platform.os]}_DEPLOYMENT_TARGET={platform.targets[architecture][1]}', sep='\n')
        return
    slices = arguments[:1] == ['--slices']
    names = arguments[slices:]
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise SystemExit(f'platforms.py: no platform {", ".join(unknown)}; there are {", ".join(BY_NAME)}')
    for platform in PLATFORMS:
        if not names or platform.name in names:
            print(platform.name, *([platform.identifier] if slices else (target for target, _ in platform.targets.values())))


if __name__ == '__main__':
    main(sys.argv[1:])
