#!/usr/bin/env python3
"""check_privacy.py MANIFEST LIBRARY...: checks that a privacy manifest explains exactly the functions that the libraries use.

privacy.txt lists the functions, with their categories and reasons. The script prints every fault, and then exits with 1.
"""
import pathlib
import plistlib
import sys

import macho

LIST = pathlib.Path(__file__).with_name('privacy.txt')
PREFIX = 'NSPrivacyAccessedAPICategory'


def table():
    """Returns (category, reason or None) by symbol."""
    lines = (line.split() for line in LIST.read_text().splitlines() if line and not line.startswith('#'))
    return {symbol: (category, None if reason == '-' else reason) for symbol, category, reason in lines}


def used(libraries):
    """Returns the symbols of the system that the libraries use."""
    found = set()
    for path in libraries:
        for part in macho.slices(path):
            files = part.files if isinstance(part, macho.Archive) else [part]
            found |= set().union(*(file.undefined() for file in files))
    return found


def faults(manifest, symbols):
    wanted = {}
    for symbol in sorted(symbols & table().keys()):
        category, reason = table()[symbol]
        if reason is None:
            yield f'the library uses {symbol} ({category}), for which privacy.txt has no reason'
        else:
            wanted.setdefault(category, set()).add(reason)
    declared = {}
    for entry in manifest.get('NSPrivacyAccessedAPITypes', []):
        category = entry['NSPrivacyAccessedAPIType']
        if not category.startswith(PREFIX):
            yield f'the manifest has an unknown category: {category}'
        elif category[len(PREFIX):] in declared:
            yield f'the manifest names {category} twice'
        declared[category[len(PREFIX):]] = set(entry['NSPrivacyAccessedAPITypeReasons'])
    for category in sorted(wanted.keys() | declared.keys()):
        there, needed = (' '.join(sorted(found.get(category, ()))) or 'nothing' for found in (declared, wanted))
        if there != needed:
            yield f'the manifest explains {category} by {there}, and the libraries need {needed}'
    if manifest.get('NSPrivacyTracking') is not False or manifest.get('NSPrivacyTrackingDomains') != []:
        yield 'the manifest does not say that nothing is tracked'
    if manifest.get('NSPrivacyCollectedDataTypes') != []:
        yield 'the manifest does not say that nothing is collected'


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        manifest = plistlib.loads(pathlib.Path(sys.argv[1]).read_bytes())
        found = list(faults(manifest, used(sys.argv[2:])))
    except (macho.Damaged, OSError, KeyError, plistlib.InvalidFileException) as error:
        found = [f'cannot be checked: {error!r}']
    for fault in found:
        print(f'check_privacy.py: {fault}', file=sys.stderr)
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
